"""Azure Machine Learning: workspaces and what lives in them."""

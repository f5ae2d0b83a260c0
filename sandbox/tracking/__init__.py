"""MLflow for the workspaces: the real server, and what stands between it and its clients."""

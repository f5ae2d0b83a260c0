"""What the pipelines of GitHub Actions and Azure DevOps have in common."""

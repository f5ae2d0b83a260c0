"""Key Vault's data plane: secrets with versions and soft deletion."""

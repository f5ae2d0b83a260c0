"""Storage: Azurite, with one account for each storage account resource."""

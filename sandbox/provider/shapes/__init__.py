"""What the SDK's classes say of the resources in `resources.yaml`; see `__main__` to regenerate."""

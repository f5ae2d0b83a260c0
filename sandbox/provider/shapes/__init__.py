"""What the SDK's classes say of the resources in `types/`; see `__main__` to regenerate."""

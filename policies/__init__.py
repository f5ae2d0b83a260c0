"""The policy pack: what may exist. Rules are importable; only `__main__` starts a server."""

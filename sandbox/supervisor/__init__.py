"""Starts a sandbox's services and units, restarts what dies, leaves nothing behind."""

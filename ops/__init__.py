"""The `amlops` command: what happens to a platform."""

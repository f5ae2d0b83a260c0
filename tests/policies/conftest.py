"""Fixtures of the room; a real sandbox comes from the sandbox's own tests."""

from tests.sandbox.conftest import start_sandbox

__all__ = ["start_sandbox"]

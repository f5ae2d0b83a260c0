"""What the tests of the plugin share."""

from tests.sandbox.provider.echo import script

__all__ = ["script"]

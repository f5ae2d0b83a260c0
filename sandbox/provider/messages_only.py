"""Leaves the rest of Pulumi's SDK out of a process that only needs its gRPC messages.

The SDK's package imports half a second's worth of modules before its first message is known. The
messages need none of that, so their parent packages are entered as empty ones.
"""

from __future__ import annotations

import importlib.machinery
import sys
import types
from pathlib import Path

_PACKAGES = ("pulumi", "pulumi.runtime", "pulumi.runtime.proto")


def leave_out_the_sdk() -> None:
    """For the plugin's own process, before it imports a message; the SDK cannot be had after."""
    found = importlib.machinery.PathFinder.find_spec("pulumi")
    if found is None or not found.submodule_search_locations:
        raise SystemExit(
            "Pulumi's Python SDK is not installed; 'python3 -m tools.setup python' does it."
        )
    folder = Path(found.submodule_search_locations[0])
    for name in _PACKAGES:
        package = types.ModuleType(name)
        package.__path__ = [str(folder.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package

"""Pulumi's gRPC messages without the rest of Pulumi's SDK.

The SDK's package imports half a second's worth of modules before its first message is known. The
messages need none of that, so their parent packages are entered as empty ones; a process that has
the real SDK loaded already keeps it.
"""

from __future__ import annotations

import importlib.machinery
import sys
import types
from pathlib import Path

_PACKAGES = ("pulumi", "pulumi.runtime", "pulumi.runtime.proto")


def _enter_empty_packages() -> None:
    if "pulumi" in sys.modules:
        return
    found = importlib.machinery.PathFinder.find_spec("pulumi")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("Pulumi's Python SDK is not installed; run 'make .venv' first.")
    folder = Path(found.submodule_search_locations[0])
    for name in _PACKAGES:
        package = types.ModuleType(name)
        package.__path__ = [str(folder.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package


_enter_empty_packages()

from pulumi.runtime.proto import (  # noqa: E402
    plugin_pb2 as plugin,
)
from pulumi.runtime.proto import (  # noqa: E402
    provider_pb2 as messages,
)
from pulumi.runtime.proto import (  # noqa: E402
    provider_pb2_grpc as grpc_service,
)
from pulumi.runtime.proto import (  # noqa: E402
    status_pb2 as status,
)

__all__ = ["grpc_service", "messages", "plugin", "status"]


def engine_log(address: str, urn: str, text: str) -> None:
    """Show a passing message beside a resource; that it is lost is no harm."""
    import contextlib

    import grpc
    from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

    with contextlib.suppress(grpc.RpcError), grpc.insecure_channel(address) as channel:
        engine_pb2_grpc.EngineStub(channel).Log(
            engine_pb2.LogRequest(severity=engine_pb2.INFO, message=text, urn=urn, ephemeral=True),
            timeout=1,
        )

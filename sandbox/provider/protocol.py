"""Pulumi's gRPC messages, under names of ours, and the line back to the engine."""

from __future__ import annotations

from pulumi.runtime.proto import plugin_pb2 as plugin
from pulumi.runtime.proto import provider_pb2 as messages
from pulumi.runtime.proto import provider_pb2_grpc as grpc_service
from pulumi.runtime.proto import status_pb2 as status

__all__ = ["engine_log", "grpc_service", "messages", "plugin", "status"]


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

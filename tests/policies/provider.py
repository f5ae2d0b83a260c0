"""A provider that takes whatever is declared: what the policies say of a resource must not hang on
what the sandbox can make. Serves until the engine ends it; prints its port first.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

# Names and parameters are the protocol's.
# ruff: noqa: N802


MADE = "TLS1_0"
"""What the one output that is not among the inputs turns out to be."""


class Accepting(provider_pb2_grpc.ResourceProviderServicer):
    """In a preview the id is not known, nor is an output that was not given."""

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version="3.29.0")

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Create(self, request: Any, context: Any) -> Any:
        request.properties["principalId"] = UNKNOWN_STRING_VALUE if request.preview else MADE
        return provider_pb2.CreateResponse(
            id="" if request.preview else "made", properties=request.properties
        )

    def Cancel(self, request: Any, context: Any) -> Any:
        return Empty()


def main() -> None:
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Accepting(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()

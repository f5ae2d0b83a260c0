"""Runs Python programs for a Pulumi command line that was built from source.

The official installation brings ``pulumi-language-python``, a Go program that is not part of the Go
module which `tools/pulumi/go.mod` builds. This is the same service over the SDK's own server for
inline programs: the engine starts it with its address as the last argument, reads the port from the
first line of standard output, and asks it to run the program once for each preview or update.
"""

# Names and parameters of the methods are the protocol's.
# ruff: noqa: N802, ARG002

import os
import runpy
import signal
import socket
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.automation._server import LanguageServer
from pulumi.errors import RunError
from pulumi.runtime import settings
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from tools.pulumi import packages
from tools.pulumi.lifetime import follow_engine

# Pulumi's own limit: states and inputs of large stacks pass gRPC's default of 4 MB.
MESSAGE_LIMIT = 400 * 1024 * 1024


class Program:
    """A Pulumi program on disk, called like the function of an inline one.

    Raises:
        RunError: the program raised; the text is the traceback from its own first frame on.
    """

    def __init__(self, info: language_pb2.ProgramInfo) -> None:
        self.root = info.root_directory
        self.directory = Path(info.program_directory)
        self.path = self.directory / (info.entry_point or ".")

    def __call__(self) -> None:
        settings.SETTINGS.root_directory = self.root
        os.chdir(self.directory)
        sys.argv = [str(self.path)]
        try:
            runpy.run_path(str(self.path), run_name="__main__")
        except RunError:
            raise
        except Exception as error:
            trace = "".join(traceback.format_exception(error, limit=-self._own_frames(error)))
            raise RunError(f"Program failed with an unhandled exception:\n{trace}") from error

    def _own_frames(self, error: Exception) -> int:
        """How many of the innermost frames begin at the program; all if it was never entered."""
        frames = traceback.extract_tb(error.__traceback__)
        for index, frame in enumerate(frames):
            if Path(frame.filename).is_relative_to(self.directory):
                return len(frames) - index
        return len(frames)


class LanguageHost(LanguageServer):
    """The engine's ``python`` runtime.

    It does not install anything: `make` prepares the environment that it runs in. Nor does it start
    plugins written in Python (``RunPlugin``): the pinned engine starts policy packs by script.
    """

    def __init__(self) -> None:
        super().__init__(program=lambda: None)

    def Run(
        self, request: language_pb2.RunRequest, context: grpc.ServicerContext
    ) -> language_pb2.RunResponse:
        self.program = Program(request.info)
        response: language_pb2.RunResponse = super().Run(request, context)  # type: ignore[no-untyped-call]
        # The server has sent the error to the engine's log already: bail out without a second copy.
        return language_pb2.RunResponse(bail=True) if response.error else response

    def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        return language_pb2.GetRequiredPackagesResponse(packages=packages.with_plugins())

    def GetProgramDependencies(
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        found = packages.installed(transitive=request.transitiveDependencies)
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[
                language_pb2.DependencyInfo(name=name, version=version) for name, version in found
            ]
        )

    def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        note = f"{sys.prefix} is kept by `make`: nothing to install.\n"
        yield language_pb2.InstallDependenciesResponse(stdout=note.encode())

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=packages.version("pulumi"))


def serve(host: LanguageHost) -> tuple[Any, int]:
    """Starts the service on a free loopback port; returns the server and the port."""
    server = grpc.server(
        ThreadPoolExecutor(max_workers=4),
        options=[
            ("grpc.max_receive_message_length", MESSAGE_LIMIT),
            ("grpc.max_send_message_length", MESSAGE_LIMIT),
        ],
    )
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def main() -> None:
    """Serves until the engine interrupts the host or is gone, then leaves without a word."""
    # By a socket that Python writes to as the signal arrives: a handler runs between two steps of
    # the main thread, which may hold the lock of whatever it would tell, or just begin to wait.
    interrupted, interrupt = socket.socketpair()
    interrupt.setblocking(False)
    signal.set_wakeup_fd(interrupt.fileno())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    _, port = serve(LanguageHost())
    print(port, flush=True)
    follow_engine()
    interrupted.recv(1)
    # Not sys.exit: a program that is still running in a worker thread would be waited for.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()

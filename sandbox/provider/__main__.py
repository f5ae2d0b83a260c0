"""`python -m sandbox.provider [ENGINE]`: serves on a free port and prints it."""

from __future__ import annotations

import os
import signal
import socket
import sys
from concurrent import futures
from typing import NoReturn

import grpc

from sandbox.provider.messages_only import leave_out_the_sdk

leave_out_the_sdk()

from sandbox.provider.protocol import grpc_service  # noqa: E402

WORKERS = 64  # requests at a time; most of them wait for Azure
STOP_SECONDS = 2.0
MESSAGE_SIZE = 400 * 1024 * 1024  # bytes; the engine's own limit


def main(arguments: list[str]) -> NoReturn:
    engine = next((argument for argument in arguments if not argument.startswith("-")), "")
    # By a socket that Python writes to as the signal arrives: a handler runs between two steps of
    # the main thread, which may hold the lock of whatever it would tell, or just begin to wait.
    interrupted, interrupt = socket.socketpair()
    interrupt.setblocking(False)
    signal.set_wakeup_fd(interrupt.fileno())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    server = grpc.server(
        futures.ThreadPoolExecutor(WORKERS),
        options=[
            ("grpc.max_receive_message_length", MESSAGE_SIZE),
            ("grpc.max_send_message_length", MESSAGE_SIZE),
        ],
    )
    grpc_service.add_ResourceProviderServicer_to_server(_provider(engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    interrupted.recv(1)
    server.stop(grace=1).wait(STOP_SECONDS)
    # A request that still waits for Azure would keep the interpreter from ending.
    os._exit(0)


def _provider(engine: str) -> grpc_service.ResourceProviderServicer:
    if os.environ.get("AMLOPS_PROVIDER") == "instant":
        from sandbox.provider.instant import Instant

        return Instant()
    from sandbox.provider.service import Provider

    return Provider(engine)


if __name__ == "__main__":
    main(sys.argv[1:])

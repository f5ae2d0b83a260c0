"""The `azure` process: the gateway and every application of Azure's, in one event loop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import socket

import uvloop

from sandbox.directory import Directory, default_directory, write_atomically
from sandbox.gateway.certificates import Certificates
from sandbox.identity import Identity
from sandbox.supervisor.daemon import GATEWAY_DESCRIPTOR, READY_DESCRIPTOR

log = logging.getLogger("sandbox")

STORAGE_PORTS = {"blob": "azurite", "queue": "azurite_queue", "table": "azurite_table"}


def prepare(directory: Directory) -> None:
    """Make what the other services wait for, before the slower imports."""
    from sandbox.blob import accounts

    directory.create()
    accounts.create_file(directory)
    Certificates(directory).create()
    identity = Identity.open(directory)
    if not directory.token_key.exists():
        write_atomically(directory.token_key, identity.public_pem())


async def serve(directory: Directory, listener: socket.socket, ready: int | None) -> None:
    """Serve until SIGTERM. `ready` is a descriptor that gets a byte when ARM answers."""
    from sandbox.application import application
    from sandbox.azure import Azure
    from sandbox.blob.accounts import KnownAccounts
    from sandbox.gateway.proxy import Gateway
    from sandbox.gateway.tunnel import Tunnels

    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    azure = Azure(directory)
    ports = json.loads(directory.state.read_text())["ports"]
    gateway = Gateway(
        Tunnels(application(azure)),
        Certificates(directory),
        {kind: ports[name] for kind, name in STORAGE_PORTS.items()},
        KnownAccounts(directory).__contains__,
    )
    await gateway.start(listener)
    await azure.start()
    if ready is not None:
        os.write(ready, b"1")
        os.close(ready)
    log.info("serving on port %d", listener.getsockname()[1])
    await stopping.wait()
    await gateway.close()
    await azure.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="sandbox.service", description=__doc__)
    parser.add_argument("--dir", default=str(default_directory()))
    directory = Directory(parser.parse_args().dir)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for noisy in ("httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    prepare(directory)
    listener = socket.socket(fileno=int(os.environ.pop(GATEWAY_DESCRIPTOR)))
    ready = os.environ.pop(READY_DESCRIPTOR, None)
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve(directory, listener, int(ready) if ready else None))


if __name__ == "__main__":
    main()

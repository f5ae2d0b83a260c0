"""Two connections joined byte for byte, each slowed down to what the other takes."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)


def acknowledge(transport: asyncio.BaseTransport) -> None:
    """Acknowledge what was read, now; to be called after every read, since Linux forgets it.

    urllib3 leaves Nagle's algorithm on behind a proxy and sends headers and body apart: it would
    wait 40 ms for a delayed acknowledgement before it sends the body.
    """
    if QUICKACK is not None and not transport.is_closing():
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, QUICKACK, 1)


def send_at_once(transport: asyncio.BaseTransport) -> None:
    transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Relay(asyncio.Protocol):
    """One side of a pair: what it reads, its peer writes."""

    def __init__(self, *, quick: bool) -> None:
        self.quick = quick
        self.peer: Relay | None = None
        self.transport: Any = None

    @classmethod
    def join(cls, client: Relay, upstream: Relay) -> None:
        client.peer, upstream.peer = upstream, client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        send_at_once(transport)

    def data_received(self, data: bytes) -> None:
        if self.peer is not None:
            self.peer.transport.write(data)
        if self.quick:
            acknowledge(self.transport)

    def pause_writing(self) -> None:
        if self.peer is not None:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.peer is not None and not self.peer.transport.is_closing():
            self.peer.transport.resume_reading()

    def eof_received(self) -> bool:
        if self.peer is not None and self.peer.transport.can_write_eof():
            self.peer.transport.write_eof()
        return self.peer is not None  # Before it has one, the connection is lost.

    def connection_lost(self, _exc: Exception | None) -> None:
        if self.peer is not None:
            self.peer.transport.close()

"""HTTP inside a tunnel: the client's own connection becomes TLS and feeds uvicorn's protocol.

No second listener and no second hop, which halves the cost of a small request.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from sandbox.gateway.relay import acknowledge

Application = Callable[..., Any]
HANDSHAKE_SECONDS = 30.0
KEEP_ALIVE_SECONDS = 600
"""Above what clients keep idle connections, so that it is never we who close under a request."""


class _Http(HttpToolsProtocol):
    """uvicorn's protocol for a connection that was something else before."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._early = bytearray()
        self._lost = False

    def begin(self, transport: asyncio.Transport) -> None:
        """Start, with what came between the handshake's end and now."""
        if self._lost:
            return
        self.connection_made(transport)
        early, self._early = bytes(self._early), bytearray()
        if early:
            self.data_received(early)

    def data_received(self, data: bytes) -> None:
        if self.transport is None:
            self._early += data
            return
        acknowledge(self.transport)
        super().data_received(data)

    def eof_received(self) -> None:
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        if self.transport is not None:
            super().connection_lost(exc)


class Tunnels:
    """Serves one ASGI application over connections that the gateway hands over."""

    def __init__(self, application: Application) -> None:
        self._config = uvicorn.Config(
            application,
            http="httptools",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            h11_max_incomplete_event_size=None,
        )
        self._config.load()
        self._state = ServerState()
        logging.getLogger("uvicorn.access").disabled = True

    async def serve(
        self, transport: asyncio.Transport, context: ssl.SSLContext, loop: asyncio.AbstractEventLoop
    ) -> None:
        """Do the handshake and go on as HTTP. A failed handshake only closes the connection."""
        http = _Http(self._config, self._state, {}, loop)
        try:
            secure = await loop.start_tls(
                transport,
                http,
                context,
                server_side=True,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
            )
        except (OSError, EOFError, ssl.SSLError):
            transport.abort()
            return
        if secure is None:
            return
        http.begin(secure)

    async def close(self, grace: float = 1.0) -> None:
        """Let running requests end, but no longer than `grace` seconds."""
        for connection in list(self._state.connections):
            connection.shutdown()
        if self._state.tasks:
            await asyncio.wait(list(self._state.tasks), timeout=grace)

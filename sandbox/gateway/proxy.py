"""The gateway: a CONNECT proxy on loopback that knows Azure's host names and no others."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.gateway.certificates import Certificates
from sandbox.gateway.hosts import STORAGE, application_of
from sandbox.gateway.relay import Relay, acknowledge, send_at_once
from sandbox.gateway.tunnel import Tunnels

log = logging.getLogger("sandbox.gateway")

HEAD_LIMIT = 16 * 1024
UPSTREAM_SECONDS = 45.0
"""How long a client waits for Azurite, which is being started or restarted. It takes its time on
a busy machine; a client with less patience comes again of its own."""
UPSTREAM_PAUSE = 0.05


class RefusedError(Exception):
    """Why a tunnel is not opened; the text stands in the status line, which clients show."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Gateway:
    """Opens tunnels: into the applications, or to the ports of Azurite.

    `ports` maps `blob`, `queue` and `table` to Azurite's ports, `account_exists` says whether a
    storage account is there.
    """

    def __init__(
        self,
        tunnels: Tunnels,
        certificates: Certificates,
        ports: Mapping[str, int],
        account_exists: Callable[[str], bool],
    ) -> None:
        self.tunnels = tunnels
        self.certificates = certificates
        self.ports = ports
        self.account_exists = account_exists
        self.tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Entrance(self), sock=listener, backlog=512)

    async def close(self) -> None:
        """Take no new connection; let requests under way end."""
        if self._server is not None:
            self._server.close()
        await self.tunnels.close()

    def destination(self, authority: str) -> tuple[str, str]:
        """Application and host of `host:port`. Raises RefusedError."""
        host, _, port = authority.rpartition(":")
        host = host.lower().rstrip(".")
        if port != "443" or not host:
            raise RefusedError(403, f"The sandbox serves port 443 only, not {authority}")
        application = application_of(host)
        if application is None:
            raise RefusedError(403, f"The sandbox has no service {host} (see sandbox/hosts.yaml)")
        if application in STORAGE:
            account = host.split(".", 1)[0]
            if not self.account_exists(account):
                raise RefusedError(404, f"There is no storage account {account} in this sandbox")
        return application, host

    def spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


class _Entrance(asyncio.Protocol):
    """A new connection, until its first request says where it goes."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.head = b""
        self.transport: Any = None
        self.done = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        send_at_once(transport)

    def data_received(self, data: bytes) -> None:
        if self.done:  # Speaking before the answer; there is nobody to hand it to.
            self.transport.abort()
            return
        self.head += data
        acknowledge(self.transport)
        if b"\r\n\r\n" in self.head:
            self.done = True
            self._route()
        elif len(self.head) > HEAD_LIMIT:
            self._refuse(RefusedError(431, "The request's headers are too long"))

    def _route(self) -> None:
        head, _, rest = self.head.partition(b"\r\n\r\n")
        words = head.split(b"\r\n", 1)[0].decode("latin1").split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            self._refuse(RefusedError(400, "This is an HTTP proxy"))
            return
        method, target, _ = words
        if method != "CONNECT":
            self._refuse(_plain(target))
            return
        if rest:
            self._refuse(RefusedError(400, "Wait for the answer to CONNECT"))
            return
        try:
            application, host = self.gateway.destination(target)
        except RefusedError as refused:
            self._refuse(refused)
            return
        if application in STORAGE:
            self.transport.pause_reading()
            self.gateway.spawn(self._relay(self.gateway.ports[application]))
        else:
            context = self.gateway.certificates.context(host)
            self._establish()
            loop = asyncio.get_running_loop()
            self.gateway.spawn(self.gateway.tunnels.serve(self.transport, context, loop))

    async def _relay(self, port: int) -> None:
        client, upstream = Relay(quick=True), Relay(quick=False)
        try:
            await _connect(upstream, port)
        except OSError:
            self._refuse(RefusedError(503, "The sandbox's storage service is not up; try again"))
            return
        if self.transport.is_closing():
            upstream.transport.close()
            return
        Relay.join(client, upstream)
        client.transport = self.transport
        self.transport.set_protocol(client)
        self._establish()
        self.transport.resume_reading()

    def _establish(self) -> None:
        self.transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

    def _refuse(self, refused: RefusedError) -> None:
        log.info("refused: %s", refused.text)
        body = (refused.text + "\n").encode()
        lines = [
            f"HTTP/1.1 {refused.status} {refused.text}",
            "Content-Type: text/plain; charset=utf-8",
            f"Content-Length: {len(body)}",
            "Connection: close",
        ]
        self.done = True
        self.transport.write("\r\n".join([*lines, "", ""]).encode() + body)
        self.transport.close()


def _plain(target: str) -> RefusedError:
    """Why a request without TLS is not answered.

    Clients look for a virtual machine's metadata service this way, and go on when it is missing.
    """
    if target.startswith("http://169.254.169.254"):
        return RefusedError(404, "There is no instance metadata service in the sandbox")
    return RefusedError(403, f"The sandbox answers https only, not {target[:200]}")


async def _connect(upstream: Relay, port: int) -> None:
    """Connect, patiently. Raises OSError when it stays unreachable."""
    loop = asyncio.get_running_loop()
    end = loop.time() + UPSTREAM_SECONDS
    while True:
        try:
            await loop.create_connection(lambda: upstream, "127.0.0.1", port)
        except OSError:
            if loop.time() > end:
                raise
        else:
            if not upstream.transport.is_closing():
                return
            if loop.time() > end:
                raise ConnectionResetError("lost as soon as it was made")
        await asyncio.sleep(UPSTREAM_PAUSE)

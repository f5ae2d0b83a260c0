"""One HTTP request to one server process, over its Unix socket.

The inference server answers one request a connection, so there is nothing to keep open; a socket
and a parser cost a tenth of what a general client does.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import httptools

Headers = list[tuple[bytes, bytes]]

under_way: Counter[Path] = Counter()
"""How many requests each socket has: from before it is reached until the reply is closed."""

_READ_BYTES = 65536


class BackendError(Exception):
    """The server process did not take the request, or went away before it had answered."""


class NotReachedError(BackendError):
    """Nothing listens: the request was not seen by any process and may be sent again."""


class Reply:
    """An answer whose head has arrived: `status`, `headers`, then `chunks()` of the body."""

    def __init__(
        self, socket: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._socket = socket
        self.status = 0
        self.headers: Headers = []
        self._reader = reader
        self._writer = writer
        self._parser = httptools.HttpResponseParser(self)
        self._pending: list[bytes] = []
        self._head = False
        self._complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        self._head = True

    def on_body(self, body: bytes) -> None:
        self._pending.append(body)

    def on_message_complete(self) -> None:
        self._complete = True

    async def read_head(self) -> None:
        while not self._head:
            await self._feed()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes. Raises BackendError when it breaks off."""
        while True:
            pending, self._pending = self._pending, []
            for chunk in pending:
                yield chunk
            if self._complete and not self._pending:
                return
            if not self._pending:
                await self._feed()

    def close(self) -> None:
        """Once only."""
        self._writer.close()
        under_way[self._socket] -= 1

    async def _feed(self) -> None:
        try:
            received = await self._reader.read(_READ_BYTES)
            if received:
                self._parser.feed_data(received)
                return
        except (OSError, httptools.HttpParserError) as error:
            raise BackendError(f"the server's answer is broken: {error}") from error
        sized = any(name in (b"content-length", b"transfer-encoding") for name, _ in self.headers)
        if not self._head or sized:
            raise BackendError("the server went away before it had answered")
        self._complete = True


async def send(
    socket: Path, method: str, target: str, headers: Iterable[tuple[bytes, bytes]], body: bytes
) -> Reply:
    """Send a request and wait for the head of the answer; the caller closes the reply.

    Raises NotReachedError when nothing listens there, BackendError when it breaks off later.
    """
    lines = [f"{method} {target} HTTP/1.1".encode(), b"host: localhost"]
    lines += [name + b": " + value for name, value in headers]
    lines += [b"content-length: %d" % len(body), b"", body]
    under_way[socket] += 1
    try:
        return await _exchange(socket, b"\r\n".join(lines))
    except BaseException:
        under_way[socket] -= 1
        raise


async def _exchange(socket: Path, request: bytes) -> Reply:
    try:
        reader, writer = await asyncio.open_unix_connection(socket)
    except OSError as error:
        raise NotReachedError(f"no server listens on {socket.name}") from error
    reply = Reply(socket, reader, writer)
    try:
        writer.write(request)
        await writer.drain()
        await reply.read_head()
    except OSError as error:
        writer.close()
        raise BackendError(f"the server went away: {error}") from error
    except BaseException:
        writer.close()
        raise
    return reply

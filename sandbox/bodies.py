"""Bodies of requests, which no client makes larger in memory than its service takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class TooLargeError(Exception):
    """A body of more bytes than the service takes."""


async def read(receive: Receive, largest: int) -> bytes:
    """The whole body. Raises TooLargeError past `largest` bytes, when all has come: a client that
    still sends would not see the answer.
    """
    content = bytearray()
    size, more = 0, True
    while more:
        message = await receive()
        part = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(part)
        if size <= largest:
            content += part
    if size > largest:
        raise TooLargeError
    return bytes(content)

"""Azurite, asked past the gateway as the sandbox's own service principal."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any, Protocol
from weakref import WeakKeyDictionary
from xml.etree import ElementTree

import httpx

from sandbox.clock import Clock
from sandbox.directory import Directory
from sandbox.identity import Identity
from sandbox.login import tokens

VERSION = "2021-12-02"
"""Of the storage REST API, as spoken here."""
BLOB, QUEUE = "blob", "queue"
_PORTS = {BLOB: "azurite", QUEUE: "azurite_queue"}
TRIES = 3
"""So often a request is sent: Azurite may be killed under one."""
UP_SECONDS, UP_PAUSE = 45.0, 0.05
"""How long Azurite may take to come up on a busy machine, and how often one looks."""
TIMEOUT = 60.0

Content = bytes | AsyncIterator[bytes] | None


class Context(Protocol):
    """What is needed of `sandbox.azure.Azure`."""

    directory: Directory
    identity: Identity
    clock: Clock


class StorageError(Exception):
    """Azurite refused, or did not answer; `status` is what it said, 503 for nothing."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


_clients: WeakKeyDictionary[Any, httpx.AsyncClient] = WeakKeyDictionary()


@asynccontextmanager
async def send(
    azure: Context,
    method: str,
    account: str,
    path: str,
    *,
    service: str = BLOB,
    params: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    content: Content = None,
) -> AsyncIterator[httpx.Response]:
    """An answer whose content is still to come; `path` is quoted. Raises StorageError.

    What is sent as bytes is sent again when the connection breaks, a stream only when none came
    about.
    """
    client = _client(azure)
    identity = azure.identity
    token = tokens.mint(
        identity,
        azure.clock,
        audience=tokens.STORAGE,
        principal_id=identity.principal_id,
        client_id=identity.client_id,
    )
    ports = json.loads(azure.directory.state.read_text())["ports"]
    request = client.build_request(
        method,
        f"https://127.0.0.1:{ports[_PORTS[service]]}{path}",
        params=params,
        content=content,
        headers={
            "host": f"{account}.{service}.core.windows.net",
            "authorization": f"Bearer {token}",
            "x-ms-version": VERSION,
            **(headers or {}),
        },
    )
    where = f"{method} {account}{path}"
    try:
        tries = TRIES if content is None or isinstance(content, bytes) else 1
        answer = await _answer(client, request, where, tries)
        try:
            if answer.is_error:
                code = answer.headers.get("x-ms-error-code", "")
                raise StorageError(answer.status_code, f"{where}: {answer.status_code} {code}")
            yield answer
        finally:
            await answer.aclose()
    except httpx.TransportError as error:
        raise StorageError(503, f"{where}: {error!r}") from error


async def ask(
    azure: Context,
    method: str,
    account: str,
    path: str,
    *,
    fine: Collection[int] = (),
    **options: Any,
) -> bytes:
    """The answer's content; nothing for one of the errors that are `fine`. Raises StorageError."""
    try:
        async with send(azure, method, account, path, **options) as answer:
            return await answer.aread()
    except StorageError as error:
        if error.status in fine:
            return b""
        raise


async def pages(
    azure: Context, account: str, path: str, query: dict[str, str], *, service: str = BLOB
) -> AsyncIterator[ElementTree.Element]:
    """The pages of a listing. Raises StorageError."""
    marker: str | None = ""
    while marker is not None:
        params = {"comp": "list", **query, "marker": marker}
        text = await ask(azure, "GET", account, path, service=service, params=params)
        page = ElementTree.fromstring(text)  # noqa: S314 - our own Azurite's
        yield page
        marker = page.findtext("NextMarker") or None


async def _answer(
    client: httpx.AsyncClient, request: httpx.Request, where: str, tries: int
) -> httpx.Response:
    """Raises StorageError when Azurite does not come up, httpx's error when it breaks off."""
    end = time.monotonic() + UP_SECONDS
    while True:
        try:
            return await client.send(request, stream=True)
        except httpx.ConnectError as error:
            if time.monotonic() > end:
                raise StorageError(503, f"{where}: Azurite does not come up: {error}") from error
            await asyncio.sleep(UP_PAUSE)
        except httpx.TransportError:
            tries -= 1
            if not tries:
                raise


def _client(azure: Context) -> httpx.AsyncClient:
    found = _clients.get(azure)
    if found is None:
        context = ssl.create_default_context(cafile=str(azure.directory.ca_bundle))
        found = httpx.AsyncClient(verify=context, timeout=TIMEOUT, trust_env=False)
        _clients[azure] = found
    return found

"""Storage accounts in Azurite, with their containers and queues.

The accounts' file counts from the moment it changes.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import time
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote
from xml.etree import ElementTree

from sandbox.clock import Clock
from sandbox.directory import Directory, write_atomically
from sandbox.identity import Identity
from sandbox.login import tokens

if TYPE_CHECKING:
    import httpx

VERSION = "2021-12-02"
"""Of the storage REST API, as spoken here."""
BLOB, QUEUE = "blob", "queue"
_PORTS = {BLOB: "azurite", QUEUE: "azurite_queue"}
TRIES = 3
"""So often a request is sent: all are idempotent, and Azurite may be killed under one."""
UP_SECONDS, UP_PAUSE = 15.0, 0.05
"""How long Azurite may take to come up, and how often one looks."""


class Context(Protocol):
    """What is needed of `sandbox.azure.Azure`."""

    directory: Directory
    identity: Identity
    clock: Clock


class StorageError(Exception):
    """Azurite refused what the sandbox asked for."""


def accounts(directory: Directory) -> dict[str, list[str]]:
    """Name to keys (base64, one or two)."""
    try:
        found: dict[str, list[str]] = json.loads(directory.azurite_accounts.read_text())
    except FileNotFoundError:
        return {}
    return found


class KnownAccounts:
    """Answers for the gateway whether an account is there, reading the file when it changes."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._stamp: tuple[int, int] | None = None
        self._names: frozenset[str] = frozenset()

    def __contains__(self, name: object) -> bool:
        try:
            status = self._directory.azurite_accounts.stat()
        except FileNotFoundError:
            return False
        stamp = (status.st_mtime_ns, status.st_ino)
        if stamp != self._stamp:
            self._stamp, self._names = stamp, frozenset(accounts(self._directory))
        return name in self._names


def create_file(directory: Directory) -> None:
    """Azurite waits for it at the first start."""
    if not directory.azurite_accounts.exists():
        _save(directory, {})


async def put_account(azure: Context, name: str, keys: list[str]) -> None:
    """Make the account or change its keys, at once and durably."""
    if not re.fullmatch(r"[a-z0-9]{3,24}", name):
        raise ValueError(f"'{name}' is no name of a storage account: 3-24 of a-z and 0-9")
    if not 1 <= len(keys) <= 2:
        raise ValueError("a storage account has one or two keys")
    known = accounts(azure.directory)
    if known.get(name) != keys:
        _save(azure.directory, {**known, name: keys})


async def remove_account(azure: Context, name: str) -> None:
    """Delete the account and all its containers and queues."""
    if name not in accounts(azure.directory):
        return
    async with _client(azure, name, QUEUE) as client:
        for queue in await _names(client, "Queue"):
            await _ask(client, "DELETE", f"/{quote(queue)}", 204, 404)
    async with _client(azure, name) as client:
        for container in await _names(client, "Container"):
            await _ask(client, "DELETE", f"/{quote(container)}?restype=container", 202, 404)
    # Read anew: while containers were deleted, other accounts may have come.
    left = {known: keys for known, keys in accounts(azure.directory).items() if known != name}
    _save(azure.directory, left)


async def create_container(azure: Context, account: str, container: str) -> None:
    """One that is there already is no error."""
    async with _client(azure, account) as client:
        await _ask(client, "PUT", f"/{quote(container)}?restype=container", 201, 409)


async def delete_container(azure: Context, account: str, container: str) -> None:
    """One that is gone already is no error."""
    async with _client(azure, account) as client:
        await _ask(client, "DELETE", f"/{quote(container)}?restype=container", 202, 404)


async def create_queue(azure: Context, account: str, queue: str) -> None:
    """One that is there already is no error."""
    async with _client(azure, account, QUEUE) as client:
        await _ask(client, "PUT", f"/{quote(queue)}", 201, 204)


async def delete_queue(azure: Context, account: str, queue: str) -> None:
    """One that is gone already is no error."""
    async with _client(azure, account, QUEUE) as client:
        await _ask(client, "DELETE", f"/{quote(queue)}", 204, 404)


async def put_message(azure: Context, account: str, queue: str, text: str, seconds: int) -> None:
    """Put a message of printable ASCII into a queue, there for so long, -1 for ever.

    Raises StorageError where there is no such queue.
    """
    content = f"<QueueMessage><MessageText>{text}</MessageText></QueueMessage>".encode()
    path = f"/{quote(queue)}/messages?messagettl={seconds}"
    async with _client(azure, account, QUEUE) as client:
        await _ask(client, "POST", path, 201, content=content)


def _save(directory: Directory, known: dict[str, list[str]]) -> None:
    write_atomically(directory.azurite_accounts, json.dumps(known, indent=2))


def _client(azure: Context, account: str, service: str = BLOB) -> httpx.AsyncClient:
    """Speaks to Azurite past the gateway, as the sandbox's service principal."""
    import httpx

    ports = json.loads(azure.directory.state.read_text())["ports"]
    identity = azure.identity
    token = tokens.mint(
        identity,
        azure.clock,
        audience=tokens.STORAGE,
        principal_id=identity.principal_id,
        client_id=identity.client_id,
    )
    return httpx.AsyncClient(
        base_url=f"https://127.0.0.1:{ports[_PORTS[service]]}",
        headers={
            "Host": f"{account}.{service}.core.windows.net",
            "Authorization": f"Bearer {token}",
            "x-ms-version": VERSION,
        },
        verify=ssl.create_default_context(cafile=str(azure.directory.ca_bundle)),
        timeout=30,
        trust_env=False,
    )


async def _ask(
    client: httpx.AsyncClient, method: str, path: str, *expected: int, content: bytes | None = None
) -> bytes:
    import httpx

    for turn in range(1, TRIES + 1):
        await _up(client.base_url.port or 443)
        try:
            answer = await client.request(method, path, content=content)
        except httpx.TransportError as error:
            if turn == TRIES:
                raise StorageError(f"{method} {path}: {error!r}") from error
        else:
            break
    if answer.status_code not in expected:
        code = answer.headers.get("x-ms-error-code", "")
        raise StorageError(f"{method} {path}: {answer.status_code} {code}")
    return answer.content


async def _up(port: int) -> None:
    """Return when Azurite listens. Raises StorageError when it does not come up."""
    end = time.monotonic() + UP_SECONDS
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError as error:
            if time.monotonic() > end:
                raise StorageError(f"Azurite does not come up: {error}") from error
            await asyncio.sleep(UP_PAUSE)
        else:
            writer.close()
            return


async def _names(client: httpx.AsyncClient, kind: str) -> list[str]:
    """Of what is in the account; nothing where it has gone meanwhile."""
    names: list[str] = []
    marker = ""
    while True:
        text = await _ask(client, "GET", f"/?comp=list&marker={quote(marker)}", 200, 404)
        if not text:
            return names
        page = ElementTree.fromstring(text)  # noqa: S314 - our own Azurite's
        names += [name.text or "" for name in page.iterfind(f".//{kind}/Name")]
        marker = page.findtext("NextMarker") or ""
        if not marker:
            return names

"""Blobs of the workspaces' storage accounts, read and written past the gateway."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from weakref import WeakKeyDictionary
from xml.etree import ElementTree

import httpx

from sandbox.login import tokens
from sandbox.ml.datastores import storage_account
from sandbox.ml.locations import Location
from sandbox.resources.storage import opening_keys

if TYPE_CHECKING:
    from sandbox.azure import Azure

VERSION = "2021-12-02"
"""Of the storage REST API, as spoken here."""
CONNECT_RETRIES = 20
SAS_LIFETIME = timedelta(hours=24)


class BlobError(Exception):
    """Storage refused; `status` is its HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Blob:
    """`name` is the whole path in the container, `size` in bytes."""

    name: str
    size: int


class Blobs:
    """One connection pool to Azurite, as the sandbox's own principal."""

    def __init__(self, azure: Azure) -> None:
        self._azure = azure
        self._client: httpx.AsyncClient | None = None

    async def write(
        self,
        location: Location,
        content: bytes | AsyncIterator[bytes],
        length: int | None = None,
        content_type: str = "application/octet-stream",
    ) -> None:
        """Replace a blob. `length` in bytes is needed with a stream."""
        headers = {"x-ms-blob-type": "BlockBlob", "content-type": content_type}
        headers["content-length"] = str(len(content) if isinstance(content, bytes) else length)
        async with self._ask("PUT", location, headers=headers, content=content):
            pass

    async def read(self, location: Location) -> bytes | None:
        """The whole blob, None when there is none."""
        try:
            async with self._ask("GET", location) as answer:
                return await answer.aread()
        except BlobError as error:
            if error.status == 404:
                return None
            raise

    @asynccontextmanager
    async def reading(self, location: Location) -> AsyncIterator[httpx.Response]:
        """A blob's bytes while they come. Raises BlobError."""
        async with self._ask("GET", location) as answer:
            yield answer

    async def delete(self, location: Location) -> None:
        """One that is gone already is no error."""
        try:
            async with self._ask("DELETE", location):
                pass
        except BlobError as error:
            if error.status != 404:
                raise

    async def below(self, location: Location) -> list[Blob]:
        """The blob at the location and every one in it, taken as a folder, in order of names."""
        found: list[Blob] = []
        prefix = location.path.rstrip("/")
        marker = ""
        container = replace(location, path="")
        while True:
            query = {"restype": "container", "comp": "list", "prefix": prefix}
            if marker:
                query["marker"] = marker
            async with self._ask("GET", container, params=query) as answer:
                page = ElementTree.fromstring(await answer.aread())  # noqa: S314 - our Azurite's
            for blob in page.iterfind(".//Blob"):
                name = blob.findtext("Name") or ""
                size = blob.findtext("Properties/Content-Length") or "0"
                if not prefix or name == prefix or name.startswith(f"{prefix}/"):
                    found.append(Blob(name, int(size)))
            marker = page.findtext("NextMarker") or ""
            if not marker:
                return found

    @asynccontextmanager
    async def _ask(
        self,
        method: str,
        location: Location,
        *,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
        content: bytes | AsyncIterator[bytes] | None = None,
    ) -> AsyncIterator[httpx.Response]:
        identity = self._azure.identity
        token = tokens.mint(
            identity,
            self._azure.clock,
            audience=tokens.STORAGE,
            principal_id=identity.principal_id,
            client_id=identity.client_id,
        )
        request = self._open().build_request(
            method,
            f"/{quote(location.container)}/{quote(location.path)}".rstrip("/"),
            params=params,
            content=content,
            headers={
                "host": f"{location.account}.blob.core.windows.net",
                "authorization": f"Bearer {token}",
                "x-ms-version": VERSION,
                **(headers or {}),
            },
        )
        answer = await self._open().send(request, stream=True)
        try:
            if answer.is_error:
                await answer.aread()
                code = answer.headers.get("x-ms-error-code", "")
                raise BlobError(answer.status_code, f"{location.url}: {answer.status_code} {code}")
            yield answer
        finally:
            await answer.aclose()

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:
            directory = self._azure.directory
            ports = json.loads(directory.state.read_text())["ports"]
            context = ssl.create_default_context(cafile=str(directory.ca_bundle))
            self._client = httpx.AsyncClient(
                base_url=f"https://127.0.0.1:{ports['azurite']}",
                # Azurite may be on its way up.
                transport=httpx.AsyncHTTPTransport(verify=context, retries=CONNECT_RETRIES),
                timeout=60,
                trust_env=False,
            )
        return self._client


_shared: WeakKeyDictionary[Any, Blobs] = WeakKeyDictionary()


def shared(azure: Azure) -> Blobs:
    """The one connection pool of this process."""
    return _shared.setdefault(azure, Blobs(azure))


def signed(azure: Azure, location: Location, permissions: str) -> str:
    """An address with a shared access signature: of the blob, of the container without a path.

    It ends by the machine's clock, since that is the one that storage goes by.
    """
    from azure.storage.blob import generate_blob_sas, generate_container_sas

    account = storage_account(azure, location.account)
    if account is None:
        raise BlobError(404, f"there is no storage account '{location.account}'")
    key, expiry = opening_keys(account)[0], datetime.now(UTC) + SAS_LIFETIME
    if location.path:
        signature = generate_blob_sas(
            location.account,
            location.container,
            location.path,
            account_key=key,
            permission=permissions,
            expiry=expiry,
        )
    else:
        signature = generate_container_sas(
            location.account,
            location.container,
            account_key=key,
            permission=permissions,
            expiry=expiry,
        )
    return f"{replace(location, path=quote(location.path)).url.rstrip('/')}?{signature}"

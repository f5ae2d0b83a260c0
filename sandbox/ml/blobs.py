"""Blobs of the workspaces' storage accounts, read and written past the gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx

from sandbox.blob.rest import StorageError, ask, pages, send
from sandbox.ml.datastores import storage_account
from sandbox.ml.locations import Location
from sandbox.resources.storage import opening_keys

if TYPE_CHECKING:
    from sandbox.azure import Azure

SAS_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True)
class Blob:
    """`name` is the whole path in the container, `size` in bytes."""

    name: str
    size: int


class Blobs:
    """What lies at locations, as the sandbox's own principal sees it. All raise StorageError."""

    def __init__(self, azure: Azure) -> None:
        self._azure = azure

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
        at = _path(location)
        await ask(self._azure, "PUT", location.account, at, headers=headers, content=content)

    async def read(self, location: Location) -> bytes | None:
        """The whole blob, None when there is none."""
        try:
            async with self.reading(location) as answer:
                return await answer.aread()
        except StorageError as error:
            if error.status == 404:
                return None
            raise

    def reading(self, location: Location) -> AbstractAsyncContextManager[httpx.Response]:
        """A blob's bytes while they come."""
        return send(self._azure, "GET", location.account, _path(location))

    async def delete(self, location: Location) -> None:
        """One that is gone already is no error."""
        await ask(self._azure, "DELETE", location.account, _path(location), fine=[404])

    async def below(self, location: Location) -> list[Blob]:
        """The blob at the location and every one in it, taken as a folder, in order of names."""
        found: list[Blob] = []
        prefix = location.path.rstrip("/")
        query = {"restype": "container", "prefix": prefix}
        container = _path(replace(location, path=""))
        async for page in pages(self._azure, location.account, container, query):
            for blob in page.iterfind(".//Blob"):
                name = blob.findtext("Name") or ""
                size = blob.findtext("Properties/Content-Length") or "0"
                if not prefix or name == prefix or name.startswith(f"{prefix}/"):
                    found.append(Blob(name, int(size)))
        return found


def _path(location: Location) -> str:
    return f"/{quote(location.container)}/{quote(location.path)}".rstrip("/")


def signed(azure: Azure, location: Location, permissions: str) -> str:
    """An address with a shared access signature: of the blob, of the container without a path.

    It ends by the machine's clock, since that is the one that storage goes by.
    """
    from azure.storage.blob import generate_blob_sas, generate_container_sas

    account = storage_account(azure, location.account)
    if account is None:
        raise StorageError(404, f"there is no storage account '{location.account}'")
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

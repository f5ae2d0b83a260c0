"""Brings an asset's blobs to disk."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.arm.errors import ArmError
from sandbox.arm.resource import Resource
from sandbox.blob.rest import StorageError
from sandbox.ml.blobs import Blobs
from sandbox.ml.locations import on_disk, resolve

if TYPE_CHECKING:
    from sandbox.azure import Azure

_AT_ONCE = 8


class AssetError(Exception):
    """An asset that cannot be brought: the message says which and why."""


async def download(
    azure: Azure, workspace: Resource, address: str, target: Path, *, into: bool = False
) -> None:
    """Replace `target` by the file or folder at `address`.

    The folder keeps its name and lies in `target`; with `into`, what is in it does. Raises
    AssetError when there is nothing at the address or it lies in no storage of the sandbox.
    """
    blobs = Blobs(azure)
    try:
        location = resolve(azure, workspace, address)
        path = location.path.strip("/")
        names = [blob.name for blob in await blobs.below(replace(location, path=path))]
        if not names:
            raise AssetError(f"nothing was found at {address}")
        start = len(path) if into and names != [path] else len(path.rpartition("/")[0])
        await asyncio.to_thread(shutil.rmtree, target, ignore_errors=True)
        target.mkdir(parents=True)
        gate = asyncio.Semaphore(_AT_ONCE)

        async def bring(name: str) -> None:
            to = on_disk(target, name[start:])
            to.parent.mkdir(parents=True, exist_ok=True)
            async with gate, blobs.reading(replace(location, path=name)) as answer:
                with to.open("wb") as file:
                    async for chunk in answer.aiter_bytes():
                        file.write(chunk)

        await asyncio.gather(*(bring(name) for name in names))
    except (StorageError, ArmError, ValueError) as error:
        raise AssetError(f"{address} cannot be read: {error}") from None

"""Storage accounts in Azurite: the file of accounts counts from the moment it changes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from sandbox.directory import Directory, write_atomically

if TYPE_CHECKING:
    from sandbox.blob.rest import Context


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
    from sandbox.blob import containers

    if name not in accounts(azure.directory):
        return
    await containers.delete_all(azure, name)
    # Read anew: while containers were deleted, other accounts may have come.
    left = {known: keys for known, keys in accounts(azure.directory).items() if known != name}
    _save(azure.directory, left)


def _save(directory: Directory, known: dict[str, list[str]]) -> None:
    write_atomically(directory.azurite_accounts, json.dumps(known, indent=2))

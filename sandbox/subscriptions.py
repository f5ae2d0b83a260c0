"""The subscriptions of a sandbox: its first, and those that were made since.

A file each, named by its id and with its name in it: clients see which there are as ARM does, and
whoever makes one, ARM or a person, is in nobody's way.
"""

from __future__ import annotations

import re
import uuid

from sandbox.directory import Directory, write_atomically

FIRST_NAME = "Sandbox"
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Subscriptions:
    """`first` is the id of the one that a sandbox has from its beginning. Ids are matched without
    case.
    """

    def __init__(self, directory: Directory, first: str) -> None:
        self._folder = directory.subscriptions
        self.first = first.lower()

    def name(self, identifier: str) -> str | None:
        """What people call it; None for one that is not there."""
        identifier = identifier.lower()
        if not _ID.fullmatch(identifier):
            return None
        try:
            return (self._folder / identifier).read_text()
        except FileNotFoundError:
            return FIRST_NAME if identifier == self.first else None

    def all(self) -> dict[str, str]:
        """Name by id: the first, then the others by name."""
        made = [path.name for path in self._folder.glob("*") if _ID.fullmatch(path.name)]
        found = {identifier: self.name(identifier) or "" for identifier in {self.first, *made}}
        order = sorted(found, key=lambda one: (one != self.first, found[one], one))
        return {identifier: found[identifier] for identifier in order}

    def make(self, name: str, identifier: str | None = None) -> str:
        """Make one, or name one that is there anew; its id, random unless given.

        Raises ValueError for an id that is no GUID and for a name that is none.
        """
        identifier = (identifier or str(uuid.uuid4())).lower()
        if not _ID.fullmatch(identifier):
            raise ValueError(f"'{identifier}' is no subscription's id; one is a GUID, as in Azure")
        if not name.strip():
            raise ValueError("a subscription has a name")
        self._folder.mkdir(exist_ok=True)
        write_atomically(self._folder / identifier, name)
        return identifier

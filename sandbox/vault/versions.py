"""What vaults hold, by version, in the sandbox's database, which only its owner may read."""

# Of the statements only the names of the two tables vary, which are ours.
# ruff: noqa: S608

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from sandbox.clock import Clock
from sandbox.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS {table} (
  vault TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE, version TEXT NOT NULL,
  value TEXT NOT NULL, content_type TEXT, tags TEXT, attributes TEXT NOT NULL,
  created REAL NOT NULL, updated REAL NOT NULL, PRIMARY KEY (vault, name, version));
CREATE TABLE IF NOT EXISTS {aside} (
  vault TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE, deleted REAL NOT NULL,
  purge REAL NOT NULL, PRIMARY KEY (vault, name));
"""

_COLUMNS = "name, version, value, content_type, tags, attributes, created, updated"


@dataclass
class Version:
    """One version. `attributes` holds what the client set: enabled, exp, nbf.

    `value` is never shown but by an operation that exists to show it; a key's never is.
    """

    name: str
    version: str
    value: str
    content_type: str | None
    tags: dict[str, str] | None
    attributes: dict[str, Any]
    created: float
    updated: float


@dataclass(frozen=True)
class Deletion:
    """When something was deleted and when it goes for good, seconds since the epoch."""

    name: str
    deleted: float
    purge: float


class Versions:
    """By vault (the key of its resource id) and name; names are matched without case."""

    table: ClassVar[str]
    aside: ClassVar[str]
    """The table of what is soft-deleted."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        store.migrate(SCHEMA.format(table=self.table, aside=self.aside))

    def add(
        self,
        vault: str,
        name: str,
        value: str,
        content_type: str | None,
        tags: dict[str, str] | None,
        attributes: dict[str, Any],
    ) -> Version:
        """A new version."""
        known = self.newest(vault, name)
        now = self._clock.time()
        # Versions are listed by time of creation; two of one moment keep their order.
        created = max(now, known.created + 1e-6) if known else now
        made = Version(
            known.name if known else name,
            uuid.uuid4().hex,
            value,
            content_type,
            tags,
            {"enabled": True, **attributes},
            created,
            created,
        )
        self._save(vault, made)
        return made

    def get(self, vault: str, name: str, version: str) -> Version | None:
        found = self._select("vault = ? AND name = ? AND version = ?", vault, name, version)
        return found[0] if found else None

    def newest(self, vault: str, name: str) -> Version | None:
        versions = self.versions(vault, name)
        return versions[-1] if versions else None

    def versions(self, vault: str, name: str) -> list[Version]:
        """Oldest first."""
        return self._select("vault = ? AND name = ?", vault, name)

    def names(self, vault: str) -> list[str]:
        """Of what is not deleted, sorted."""
        rows = self._store.connection.execute(
            f"SELECT DISTINCT name FROM {self.table} WHERE vault = ? AND name NOT IN "
            f"(SELECT name FROM {self.aside} WHERE vault = ?) ORDER BY name",
            (vault, vault),
        )
        return [name for (name,) in rows]

    def update(self, vault: str, version: Version) -> None:
        version.updated = self._clock.time()
        self._save(vault, version)

    def delete(self, vault: str, name: str, retention: timedelta) -> Deletion:
        """Put it aside until its retention is over."""
        now = self._clock.time()
        deletion = Deletion(name, now, now + retention.total_seconds())
        with self._store.transaction() as connection:
            connection.execute(
                f"INSERT OR REPLACE INTO {self.aside} VALUES (?, ?, ?, ?)",
                (vault, name, deletion.deleted, deletion.purge),
            )
        return deletion

    def deletions(self, vault: str) -> list[Deletion]:
        """What may still be recovered; what has passed its date is purged first."""
        rows = self._store.connection.execute(
            f"SELECT name, deleted, purge FROM {self.aside} WHERE vault = ? ORDER BY name",
            (vault,),
        ).fetchall()
        found = []
        for row in rows:
            deletion = Deletion(*row)
            if deletion.purge <= self._clock.time():
                self.purge(vault, deletion.name)
            else:
                found.append(deletion)
        return found

    def deletion(self, vault: str, name: str) -> Deletion | None:
        found = self.deletions(vault)
        return next((one for one in found if one.name.lower() == name.lower()), None)

    def recover(self, vault: str, name: str) -> None:
        with self._store.transaction() as connection:
            connection.execute(
                f"DELETE FROM {self.aside} WHERE vault = ? AND name = ?",
                (vault, name),
            )

    def purge(self, vault: str, name: str) -> None:
        """Forget it with all its versions."""
        with self._store.transaction() as connection:
            for table in (self.table, self.aside):
                connection.execute(
                    f"DELETE FROM {table} WHERE vault = ? AND name = ?",
                    (vault, name),
                )

    def forget(self, vault: str) -> None:
        """Forget all that a vault held, once that is purged."""
        with self._store.transaction() as connection:
            for table in (self.table, self.aside):
                connection.execute(f"DELETE FROM {table} WHERE vault = ?", (vault,))

    def _save(self, vault: str, version: Version) -> None:
        with self._store.transaction() as connection:
            connection.execute(
                f"INSERT OR REPLACE INTO {self.table} VALUES (?,?,?,?,?,?,?,?,?)",
                (
                    vault,
                    version.name,
                    version.version,
                    version.value,
                    version.content_type,
                    None if version.tags is None else json.dumps(version.tags),
                    json.dumps(version.attributes),
                    version.created,
                    version.updated,
                ),
            )

    def _select(self, where: str, *values: str) -> list[Version]:
        rows = self._store.connection.execute(
            f"SELECT {_COLUMNS} FROM {self.table} WHERE {where} ORDER BY created",
            values,
        )
        return [
            Version(name, version, value, kind, json.loads(tags or "null"),
                    json.loads(attributes), created, updated)
            for name, version, value, kind, tags, attributes, created, updated in rows
        ]  # fmt: skip

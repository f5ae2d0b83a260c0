"""One SQLite file holds what the sandbox knows: resources, operations, deleted things, activity.

Every write is one transaction in write-ahead mode, so a process killed at any moment leaves the
state before or after it, never between.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.arm.errors import not_found
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource
from sandbox.clock import Clock

SCHEMA = """
CREATE TABLE IF NOT EXISTS resources (
  key TEXT PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, parent TEXT NOT NULL,
  scope TEXT NOT NULL, body TEXT NOT NULL, private TEXT NOT NULL, etag TEXT NOT NULL,
  created REAL NOT NULL, modified REAL NOT NULL, created_by TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS resources_parent ON resources (parent, type);
CREATE INDEX IF NOT EXISTS resources_type ON resources (type);
"""

Found = list[Resource]
Notice = Callable[[Resource | None, Resource], None]
"""Gets a resource as it was, None where it is new, and as it is from now on."""
_COLUMNS = "id, body, private, etag, created, modified, created_by"


class Store:
    """The file and its transactions. One process writes; others may read."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)
        self.connection.execute("PRAGMA journal_mode=WAL")
        # A killed process loses nothing at NORMAL; only a power cut may lose the last commits.
        self.connection.execute("PRAGMA synchronous=NORMAL")
        self.connection.execute("PRAGMA busy_timeout=5000")
        self._depth = 0

    def migrate(self, schema: str) -> None:
        """Create a module's own tables, each with IF NOT EXISTS."""
        self.connection.executescript(schema)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; may be nested, the outermost one commits."""
        if self._depth == 0:
            self.connection.execute("BEGIN IMMEDIATE")
        self._depth += 1
        try:
            yield self.connection
        except BaseException:
            self._depth -= 1
            if self._depth == 0:
                self.connection.execute("ROLLBACK")
            raise
        self._depth -= 1
        if self._depth == 0:
            self.connection.execute("COMMIT")

    def close(self) -> None:
        self.connection.close()


class Resources:
    """The resources of the store, by id and without case."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self._watchers: dict[str, Notice] = {}
        store.migrate(SCHEMA)

    def watch(self, type_name: str, notice: Notice) -> None:
        """Have every change of a type's resources noticed, within the transaction that makes it."""
        self._watchers[type_name.lower()] = notice

    def get(self, resource_id: ResourceId | str) -> Resource | None:
        found = self._select("key = ?", _key(resource_id))
        return found[0] if found else None

    def need(self, resource_id: ResourceId | str) -> Resource:
        """Raises ARM's 404 when it is not there."""
        found = self.get(resource_id)
        if found is None:
            parsed = ResourceId.parse(str(resource_id))
            raise not_found(parsed.type, "/".join(parsed.names), parsed.group)
        return found

    def children(self, parent: ResourceId | str, type_name: str) -> Found:
        """Direct children of that type, oldest first."""
        return self._select("parent = ? AND type = ?", _key(parent), type_name.lower())

    def list(self, type: str | None = None, group: ResourceId | str | None = None) -> Found:
        """Every resource of a type, in a group, or both, oldest first."""
        clauses, values = ["1 = 1"], []
        if type is not None:
            clauses.append("type = ?")
            values.append(type.lower())
        if group is not None:
            clauses.append("(scope = ? OR key = ?)")
            values += [_key(group), _key(group)]
        return self._select(" AND ".join(clauses), *values)

    def below(self, resource_id: ResourceId | str) -> Found:
        """Everything whose id lies below this one, deepest first."""
        prefix = _key(resource_id).rstrip("/") + "/"
        found = self._select("substr(key, 1, ?) = ?", len(prefix), prefix)
        return sorted(found, key=lambda resource: -len(resource.id.key))

    def save(self, resource: Resource) -> None:
        """Store it, with a new etag and time of change."""
        now = self.clock.now()
        resource.etag = f'"{uuid.uuid4()}"'
        resource.created = resource.created or now
        resource.modified = now
        parent, group = resource.id.parent, resource.id.group_id
        notice = self._watchers.get(resource.id.type.lower())
        with self.store.transaction() as connection:
            if notice:
                notice(self.get(resource.id), resource)
            connection.execute(
                "INSERT INTO resources VALUES (?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (key) DO UPDATE "
                "SET body = excluded.body, private = excluded.private, etag = excluded.etag, "
                "modified = excluded.modified",
                (
                    resource.id.key,
                    str(resource.id),
                    resource.id.type.lower(),
                    _key(parent) if parent else "",
                    group.key if group else "",
                    json.dumps(resource.body),
                    json.dumps(resource.private),
                    resource.etag,
                    resource.created.timestamp(),
                    now.timestamp(),
                    resource.created_by,
                ),
            )

    def delete(self, resource: Resource | ResourceId) -> None:
        key = resource.key if isinstance(resource, ResourceId) else resource.id.key
        with self.store.transaction() as connection:
            connection.execute("DELETE FROM resources WHERE key = ?", (key,))

    def _select(self, where: str, *values: Any) -> Found:
        rows = self.store.connection.execute(
            f"SELECT {_COLUMNS} FROM resources WHERE {where} ORDER BY created, rowid",  # noqa: S608
            values,
        )
        return [_resource(row) for row in rows]


def _key(resource_id: ResourceId | str) -> str:
    return str(resource_id).lower().rstrip("/")


def _resource(row: tuple[Any, ...]) -> Resource:
    identifier, body, private, etag, created, modified, created_by = row
    return Resource(
        ResourceId.parse(identifier),
        json.loads(body),
        json.loads(private),
        etag,
        datetime.fromtimestamp(created, UTC),
        datetime.fromtimestamp(modified, UTC),
        created_by,
    )

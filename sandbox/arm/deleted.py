"""Soft-deleted resources: kept with all that was below them until purged, recovered or expired."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import ArmError
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource

if TYPE_CHECKING:
    from sandbox.azure import Azure

SCHEMA = """
CREATE TABLE IF NOT EXISTS deleted (
  key TEXT PRIMARY KEY, type TEXT NOT NULL, name TEXT NOT NULL, location TEXT NOT NULL,
  deleted REAL NOT NULL, purge REAL NOT NULL, protected INTEGER NOT NULL, kept TEXT NOT NULL);
"""


@dataclass
class Deleted:
    """`kept` has the resource itself first. `purge_at`: when it goes by itself."""

    resource: Resource
    kept: list[Resource]
    deleted_at: datetime
    purge_at: datetime
    protected: bool


class DeletedResources:
    """The table of what is soft-deleted."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure
        azure.store.migrate(SCHEMA)

    def keep(self, kept: list[Resource], days: int) -> None:
        resource = kept[0]
        days = int(resource.properties.get("softDeleteRetentionInDays") or days)
        now = self.azure.clock.now()
        rows = [
            {
                "id": str(item.id),
                "body": item.body,
                "private": item.private,
                "created": item.created.timestamp() if item.created else None,
                "created_by": item.created_by,
            }
            for item in kept
        ]
        self.azure.store.connection.execute(
            "INSERT OR REPLACE INTO deleted VALUES (?,?,?,?,?,?,?,?)",
            (
                resource.id.key,
                resource.type.lower(),
                resource.name.lower(),
                resource.location.lower(),
                now.timestamp(),
                (now + timedelta(days=days)).timestamp(),
                bool(resource.properties.get("enablePurgeProtection")),
                json.dumps(rows),
            ),
        )

    def list(self, type_name: str) -> list[Deleted]:
        rows = self.azure.store.connection.execute(
            "SELECT * FROM deleted WHERE type = ? ORDER BY deleted", (type_name.lower(),)
        )
        return [_deleted(row) for row in rows]

    def get(self, resource_id: ResourceId) -> Deleted | None:
        row = self.azure.store.connection.execute(
            "SELECT * FROM deleted WHERE key = ?", (resource_id.key,)
        ).fetchone()
        return _deleted(row) if row else None

    def named(self, type_name: str, name: str) -> Deleted | None:
        """By name alone, for types whose names are unique in the cloud."""
        for item in self.list(type_name):
            if item.resource.name.lower() == name.lower():
                return item
        return None

    def forget(self, deleted: Deleted) -> None:
        with self.azure.store.transaction() as connection:
            connection.execute("DELETE FROM deleted WHERE key = ?", (deleted.resource.id.key,))

    def recover(self, deleted: Deleted) -> Resource:
        """Bring back the resource and what was below it. The caller saves its new state."""
        with self.azure.store.transaction():
            for item in deleted.kept:
                self.azure.resources.save(item)
            self.forget(deleted)
        return self.azure.resources.need(deleted.resource.id)

    async def purge(self, deleted: Deleted) -> None:
        """Raises 409 for what is protected and not yet due."""
        if deleted.protected and self.azure.clock.now() < deleted.purge_at:
            raise ArmError(
                409,
                "MethodNotAllowed",
                f"Operation 'DeletedVaultPurge' is not allowed: '{deleted.resource.name}' has "
                f"purge protection and will be purged on {deleted.purge_at.isoformat()}.",
            )
        purge = self.azure.types.of(deleted.resource).purge
        if purge:
            await purge(self.azure, deleted.kept)
        self.forget(deleted)

    async def expire(self) -> None:
        """Purge what is past its date."""
        rows = self.azure.store.connection.execute(
            "SELECT * FROM deleted WHERE purge <= ?", (self.azure.clock.now().timestamp(),)
        ).fetchall()
        for row in rows:
            await self.purge(_deleted(row))


def _deleted(row: tuple[Any, ...]) -> Deleted:
    _key, _type, _name, _location, deleted, purge, protected, kept = row
    resources = [_resource(item) for item in json.loads(kept)]
    return Deleted(
        resources[0],
        resources,
        datetime.fromtimestamp(deleted, UTC),
        datetime.fromtimestamp(purge, UTC),
        bool(protected),
    )


def _resource(item: dict[str, Any]) -> Resource:
    created = item.get("created")  # sandboxes of before kept neither it nor who
    return Resource(
        ResourceId.parse(item["id"]),
        item["body"],
        item["private"],
        created=datetime.fromtimestamp(created, UTC) if created else None,
        created_by=item.get("created_by", ""),
    )

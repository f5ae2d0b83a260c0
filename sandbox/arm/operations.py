"""Long-running operations that outlive the process.

An operation is a row: what is being done to which resource, and when it is due. A killed sandbox
finds the rows that are still in progress at its next start and goes on with them, so `Creating` is
still `Creating` and then completes. Effects are therefore idempotent.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import ArmError, unforeseen
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import CANCELED, FAILED, SUCCEEDED

if TYPE_CHECKING:
    from sandbox.azure import Azure

SCHEMA = """
CREATE TABLE IF NOT EXISTS operations (
  id TEXT PRIMARY KEY, resource TEXT NOT NULL, kind TEXT NOT NULL, action TEXT NOT NULL,
  status TEXT NOT NULL, started REAL NOT NULL, due REAL NOT NULL, ended REAL,
  error TEXT, detail TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS operations_open ON operations (status, resource);
"""
IN_PROGRESS = "InProgress"
KEPT = timedelta(days=1)
"""How long one may ask how an operation ended; Azure keeps that for about a day (from memory)."""

# How long a PUT or DELETE that takes no time by the table waits for its effect before it answers
# "still at it": Azurite and the supervisor may need seconds on a busy machine, and many a client
# does not poll for what is done at once. Shorter than any client's timeout.
GRACE_SECONDS = 10.0


@dataclass
class Operation:
    """kind: ``create``, ``update``, ``delete`` or ``action``; `action` names the last."""

    id: str
    resource_id: ResourceId
    kind: str
    action: str
    status: str
    started: datetime
    due: datetime
    error: dict[str, Any] | None
    detail: dict[str, Any]

    @property
    def done(self) -> bool:
        return self.status != IN_PROGRESS

    def body(self) -> dict[str, Any]:
        """What ``Azure-AsyncOperation`` answers."""
        body: dict[str, Any] = {
            "id": self.address,
            "name": self.id,
            "status": self.status,
            "startTime": self.started.isoformat(),
        }
        if self.error:
            body["error"] = self.error
        return body

    @property
    def address(self) -> str:
        return self._path("operationStatuses")

    @property
    def result_address(self) -> str:
        return self._path("operationResults")

    def _path(self, kind: str) -> str:
        namespace = self.resource_id.namespace
        subscription = self.resource_id.subscription
        return (
            f"/subscriptions/{subscription}/providers/{namespace}/locations/global/{kind}/{self.id}"
        )


class Operations:
    """Starts, continues and finishes operations."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure
        azure.store.migrate(SCHEMA)
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def get(self, identifier: str) -> Operation | None:
        row = self.azure.store.connection.execute(
            "SELECT * FROM operations WHERE id = ?", (identifier,)
        ).fetchone()
        return _operation(row) if row else None

    def open_on(self, resource_id: ResourceId) -> Operation | None:
        """The operation that is still in progress on this resource."""
        row = self.azure.store.connection.execute(
            "SELECT * FROM operations WHERE status = ? AND resource = ? COLLATE NOCASE "
            "ORDER BY started DESC",
            (IN_PROGRESS, str(resource_id)),
        ).fetchone()
        return _operation(row) if row else None

    def last_on(self, resource_id: ResourceId) -> Operation | None:
        """The operation that was begun last on this resource, whatever came of it."""
        row = self.azure.store.connection.execute(
            "SELECT * FROM operations WHERE resource = ? COLLATE NOCASE "
            "ORDER BY started DESC, rowid DESC",
            (str(resource_id),),
        ).fetchone()
        return _operation(row) if row else None

    async def finish(self, identifier: str, timeout: float | None = None) -> None:
        """Return when the operation has ended, however it did, or after `timeout` seconds."""
        task = self._tasks.get(identifier)
        if task:
            await asyncio.wait({task}, timeout=timeout)

    def record(
        self,
        resource_id: ResourceId,
        kind: str,
        seconds: float,
        action: str = "",
        detail: dict[str, Any] | None = None,
    ) -> Operation:
        """Write the row, within the caller's transaction; `launch` starts the work after it."""
        now = self.azure.clock.now()
        operation = Operation(
            str(uuid.uuid4()),
            resource_id,
            kind,
            action,
            IN_PROGRESS,
            now,
            now + timedelta(seconds=seconds),
            None,
            detail or {},
        )
        with self.azure.store.transaction() as connection:
            connection.execute(
                "INSERT INTO operations VALUES (?,?,?,?,?,?,?,NULL,NULL,?)",
                (
                    operation.id,
                    str(resource_id),
                    kind,
                    action,
                    IN_PROGRESS,
                    now.timestamp(),
                    operation.due.timestamp(),
                    json.dumps(operation.detail),
                ),
            )
        return operation

    def launch(self, operation: Operation) -> asyncio.Task[None]:
        task = asyncio.create_task(self._run(operation), name=f"{operation.kind} {operation.id}")
        self._tasks[operation.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(operation.id, None))
        return task

    def resume(self) -> None:
        """Go on with what was in progress when the process ended."""
        rows = self.azure.store.connection.execute(
            "SELECT * FROM operations WHERE status = ? ORDER BY started", (IN_PROGRESS,)
        ).fetchall()
        for row in rows:
            self.launch(_operation(row))

    def cancel(self, resource_id: ResourceId) -> None:
        """End what runs on a resource that is about to be deleted."""
        operation = self.open_on(resource_id)
        if operation and operation.kind != "delete":
            task = self._tasks.get(operation.id)
            if task:
                task.cancel()
            self._finish(operation, CANCELED, None)

    def expire(self) -> None:
        """Forget what ended long ago."""
        until = (self.azure.clock.now() - KEPT).timestamp()
        with self.azure.store.transaction() as connection:
            connection.execute("DELETE FROM operations WHERE ended < ?", (until,))

    async def _run(self, operation: Operation) -> None:
        try:
            await self.azure.clock.sleep_until(operation.due)
            await self.azure.effects.apply(operation)
        except ArmError as error:
            self.azure.effects.failed(operation, error)
            self._finish(operation, FAILED, error.error())
        except asyncio.CancelledError:
            raise  # the process ends, or the resource goes: the row says which
        except Exception as error:
            self.azure.log.exception("operation %s failed", operation.id)
            refusal = unforeseen(error)
            self.azure.effects.failed(operation, refusal)
            self._finish(operation, FAILED, refusal.error())
        else:
            self._finish(operation, SUCCEEDED, None)

    def _finish(self, operation: Operation, status: str, error: dict[str, Any] | None) -> None:
        kind = self.azure.types.need(operation.resource_id.type).name
        verb = {"action": f"{operation.action}/action", "delete": "delete"}.get(operation.kind)
        with self.azure.store.transaction() as connection:
            self.azure.activity.record(
                operation.resource_id,
                f"{kind}/{verb or 'write'}",
                caller="",
                status=status,
                code=0,
                correlation=operation.id,
                message=error["message"] if error else "",
            )
            connection.execute(
                "UPDATE operations SET status = ?, ended = ?, error = ? WHERE id = ?",
                (
                    status,
                    self.azure.clock.now().timestamp(),
                    json.dumps(error) if error else None,
                    operation.id,
                ),
            )


def _operation(row: tuple[Any, ...]) -> Operation:
    identifier, resource, kind, action, status, started, due, _ended, error, detail = row
    return Operation(
        identifier,
        ResourceId.parse(resource),
        kind,
        action,
        status,
        datetime.fromtimestamp(started, UTC),
        datetime.fromtimestamp(due, UTC),
        json.loads(error) if error else None,
        json.loads(detail),
    )

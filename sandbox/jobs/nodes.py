"""Nodes of computes: when each was there, which job is on it, what they add up to.

Times are seconds since the epoch by the sandbox's clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.jobs.tables import ensure

if TYPE_CHECKING:
    from sandbox.azure import Azure


@dataclass(frozen=True)
class Node:
    """compute, job: keys of their ids. ready: when it can take its first job."""

    id: int
    compute: str
    allocated: float
    ready: float
    idle_since: float
    job: str | None


class Nodes:
    """The nodes of every compute of a sandbox."""

    def __init__(self, azure: Azure) -> None:
        self._clock = azure.clock
        self._store = ensure(azure.store)

    def live(self, compute: str) -> list[Node]:
        """Nodes that are allocated, in the order in which they came."""
        rows = self._store.connection.execute(
            "SELECT id, compute, allocated, ready, idle_since, job FROM nodes "
            "WHERE released IS NULL AND compute = ? ORDER BY id",
            (compute,),
        )
        return [Node(*row) for row in rows]

    def computes(self) -> set[str]:
        """Keys of the computes that have nodes."""
        rows = self._store.connection.execute(
            "SELECT DISTINCT compute FROM nodes WHERE released IS NULL"
        )
        return {row[0] for row in rows}

    def allocate(self, compute: str, seconds: float) -> None:
        """Start a node that is ready after `seconds`."""
        now = self._clock.time()
        self._write(
            "INSERT INTO nodes (compute, allocated, ready, idle_since) VALUES (?, ?, ?, ?)",
            compute, now, now + seconds, now + seconds,
        )  # fmt: skip

    def occupy(self, node: Node, job: str) -> None:
        self._write("UPDATE nodes SET job = ? WHERE id = ?", job, node.id)

    def leave(self, job: str) -> None:
        """The job's node is idle from now on."""
        now = self._clock.time()
        self._write("UPDATE nodes SET job = NULL, idle_since = ? WHERE job = ?", now, job)

    def release(self, node: Node, when: float | None = None) -> None:
        """Give a node back, as of `when`: nobody pays for the time it took to notice."""
        ended = self._clock.time() if when is None else when
        self._write("UPDATE nodes SET released = ?, job = NULL WHERE id = ?", ended, node.id)

    def release_all(self, compute: str) -> None:
        for node in self.live(compute):
            self.release(node)

    def seconds(self, compute: str) -> float:
        """Node-seconds that the compute has used up to now, also under an earlier life."""
        row = self._store.connection.execute(
            "SELECT SUM(COALESCE(released, ?) - allocated) FROM nodes WHERE compute = ?",
            (self._clock.time(), compute),
        ).fetchone()
        return float(row[0] or 0.0)

    def _write(self, statement: str, *values: Any) -> None:
        with self._store.transaction() as connection:
            connection.execute(statement, values)

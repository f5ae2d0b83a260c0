"""Jobs that have not ended, in the order in which they came, each before its compute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.arm.ids import ResourceId
from sandbox.jobs.tables import ensure

if TYPE_CHECKING:
    from sandbox.azure import Azure


@dataclass(frozen=True)
class QueuedJob:
    """compute: the key of the compute's id."""

    id: ResourceId
    compute: str


class JobQueue:
    """A job is in it from its submission to its end, also while it runs."""

    def __init__(self, azure: Azure) -> None:
        self._store = ensure(azure.store)

    def add(self, job: ResourceId, compute: str) -> None:
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO job_queue (job, id, compute) VALUES (?, ?, ?)",
                (job.key, str(job), compute),
            )

    def remove(self, job: ResourceId) -> None:
        with self._store.transaction() as connection:
            connection.execute("DELETE FROM job_queue WHERE job = ?", (job.key,))

    def on(self, compute: str) -> list[QueuedJob]:
        """All that wait for or run on a compute."""
        return self._select("compute = ?", compute)

    def waiting(self, compute: str) -> list[QueuedJob]:
        """Those that have no node yet, the first in line first."""
        return self._select(f"compute = ? AND {_NO_NODE}", compute)

    def running(self) -> list[QueuedJob]:
        """Those that have a node, on whatever compute."""
        return self._select(f"NOT {_NO_NODE}")

    def is_waiting(self, job: ResourceId) -> bool:
        return bool(self._select(f"job = ? AND {_NO_NODE}", job.key))

    def computes(self) -> set[str]:
        """Keys of the computes that jobs wait for or run on."""
        return {job.compute for job in self._select("1 = 1")}

    def _select(self, where: str, *values: str) -> list[QueuedJob]:
        rows = self._store.connection.execute(
            f"SELECT id, compute FROM job_queue WHERE {where} ORDER BY place",  # noqa: S608
            values,
        )
        return [QueuedJob(ResourceId.parse(job), compute) for job, compute in rows]


_NO_NODE = "job NOT IN (SELECT job FROM nodes WHERE job IS NOT NULL)"

"""Brings jobs to nodes: first come, first served, on every compute for itself.

A turn looks at each compute once: it puts waiting jobs on idle nodes, gives idle nodes back when
their time is over, and starts nodes for the jobs that are left, up to the maximum. What a turn
decides is in the database before anything is started, so a killed sandbox goes on from there.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from sandbox.arm.durations import seconds
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource
from sandbox.jobs import ending, lifecycle, status
from sandbox.jobs.iso8601 import duration
from sandbox.jobs.nodes import Node, Nodes
from sandbox.jobs.queue import JobQueue, QueuedJob
from sandbox.jobs.references import SERVERLESS
from sandbox.ml.attached import refuse_job

if TYPE_CHECKING:
    from sandbox.azure import Azure

NOTICE_SECONDS = 30.0
"""How long a scheduler sleeps at most: a net under a wake-up call that was missed."""
RETRY_SECONDS = 1.0
ATTACHED_NODES = 2
SERVERLESS_NODES = 4


@dataclass(frozen=True)
class Scale:
    """What a compute may grow to. idle: seconds until an idle node above `minimum` goes.

    shutdown: seconds after which an idle instance is stopped.
    """

    minimum: int
    maximum: int
    idle: float = 0.0
    start: float = 0.0
    shutdown: float | None = None


def scale_of(compute: Resource | None) -> Scale:
    """None stands for the serverless compute."""
    start = seconds("allocate")
    if compute is None:
        return Scale(0, SERVERLESS_NODES, 0.0, start)
    kind = compute.properties.get("computeType")
    inner = compute.properties.get("properties") or {}
    if compute.state in ("Failed", "Deleting"):
        return Scale(0, 0)
    if kind == "AmlCompute":
        scale = inner["scaleSettings"]
        idle = duration(scale["nodeIdleTimeBeforeScaleDown"]).total_seconds()
        return Scale(scale["minNodeCount"], scale["maxNodeCount"], idle, start)
    if kind == "ComputeInstance":
        nodes = int(compute.private.get("state") == "Running")
        idle_text = inner.get("idleTimeBeforeShutdown")
        shutdown = duration(idle_text).total_seconds() if idle_text else None
        return Scale(nodes, nodes, shutdown=shutdown)
    nodes = 0 if refuse_job(compute) else ATTACHED_NODES
    return Scale(nodes, nodes)


class Scheduler:
    """One a process. `changed` is set when there may be something to do."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure
        self.nodes = Nodes(azure)
        self.queue = JobQueue(azure)
        self.changed = asyncio.Event()
        self.followed: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Take turns for ever; what ran when the process ended is followed again."""
        for job in self.queue.running():
            self.follow(job)
        ending.resume_uploads(self.azure)
        while True:
            self.changed.clear()
            due = self.turn()
            await self._sleep(due)

    def turn(self) -> float | None:
        """Decide for every compute. Returns when time alone will make the next turn necessary."""
        dues = [self._turn(compute) for compute in sorted(self._computes())]
        return min((due for due in dues if due is not None), default=None)

    def follow(self, job: QueuedJob) -> None:
        """Bring a job that has a node to its end, beside everything else."""
        if job.id.key in self.followed:
            return
        task = self.azure.spawn(self._follow(job))
        self.followed[job.id.key] = task
        task.add_done_callback(lambda _: self.followed.pop(job.id.key, None))

    async def _follow(self, job: QueuedJob) -> None:
        while True:
            try:
                await lifecycle.follow(self.azure, job.id)
            except Exception:
                self.azure.log.exception("job %s was lost sight of; looking again", job.id.name)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self.drop(job.id)
                return

    def drop(self, job: ResourceId) -> None:
        """The job has ended: its node is free."""
        with self.azure.store.transaction():
            self.queue.remove(job)
            self.nodes.leave(job.key)
        self.changed.set()

    def _computes(self) -> set[str]:
        from sandbox.ml.computes import COMPUTES

        known = {item.id.key for item in self.azure.resources.list(COMPUTES)}
        return known | self.queue.computes() | self.nodes.computes()

    def _turn(self, compute: str) -> float | None:
        resource = self.azure.resources.get(compute)
        if resource is None and not compute.endswith(f"/computes/{SERVERLESS}"):
            self.nodes.release_all(compute)
            return None
        scale = scale_of(resource)
        while True:
            now = self.azure.clock.time()
            self._assign(compute, now)
            self._shrink(compute, scale, now)
            if not self._grow(compute, scale) or scale.start:
                break
        return self._due(compute, scale, resource, now)

    def _assign(self, compute: str, now: float) -> None:
        waiting = []
        for job in self.queue.waiting(compute):
            resource = self.azure.resources.get(job.id)
            if resource is None:
                self.queue.remove(job.id)  # its submission was refused after all
            elif resource.properties["status"] == status.CANCEL_REQUESTED:
                continue
            else:
                waiting.append(job)
                lifecycle.advance(self.azure, resource, status.QUEUED)
        for node, job in zip(self._idle(compute, now), waiting, strict=False):
            self.nodes.occupy(node, job.id.key)
            self.follow(job)

    def _idle(self, compute: str, now: float) -> list[Node]:
        nodes = self.nodes.live(compute)
        return [node for node in nodes if node.job is None and node.ready <= now]

    def _shrink(self, compute: str, scale: Scale, now: float) -> None:
        count = len(self.nodes.live(compute))
        for node in sorted(self._idle(compute, now), key=lambda node: node.idle_since):
            over = node.idle_since + scale.idle
            if count > scale.maximum or (count > scale.minimum and over <= now):
                self.nodes.release(node, min(over, now))
                count -= 1

    def _grow(self, compute: str, scale: Scale) -> int:
        nodes = self.nodes.live(compute)
        busy = sum(node.job is not None for node in nodes)
        wanted = busy + len(self.queue.waiting(compute))
        missing = max(scale.minimum, min(scale.maximum, wanted)) - len(nodes)
        for _ in range(missing):
            self.nodes.allocate(compute, scale.start)
        return max(0, missing)

    def _due(
        self, compute: str, scale: Scale, resource: Resource | None, now: float
    ) -> float | None:
        nodes = self.nodes.live(compute)
        dues = [node.ready for node in nodes if node.ready > now]
        idle = [node.idle_since for node in self._idle(compute, now)]
        if len(nodes) > scale.minimum:
            dues += [since + scale.idle for since in idle]
        if scale.shutdown is not None and resource and idle:
            end = min(idle) + scale.shutdown
            if end <= now:
                self._shut_down(resource)
            else:
                dues.append(end)
        return min(dues, default=None)

    def _shut_down(self, instance: Resource) -> None:
        from sandbox.ml.computes import set_state

        set_state(self.azure, instance, "Stopped", "Stop", "IdleShutdown")

    async def _sleep(self, due: float | None) -> None:
        clock = self.azure.clock
        until = min(due or float("inf"), clock.time() + NOTICE_SECONDS)
        alarm = asyncio.create_task(clock.sleep_until(datetime.fromtimestamp(until, UTC)))
        call = asyncio.create_task(self.changed.wait())
        try:
            await asyncio.wait({alarm, call}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            alarm.cancel()
            call.cancel()


_schedulers: WeakKeyDictionary[Azure, Scheduler] = WeakKeyDictionary()


def scheduler_of(azure: Azure) -> Scheduler:
    return _schedulers.setdefault(azure, Scheduler(azure))


def wake(azure: Azure) -> None:
    """Tell the scheduler that a job, a compute or a node has changed."""
    scheduler_of(azure).changed.set()

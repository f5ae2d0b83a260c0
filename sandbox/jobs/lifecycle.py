"""The course of one job from its node to its final state, followed from the `azure` process.

The job itself is a unit of the supervisor's and does not need this process: killed and started
again, it finds the job where it is by then, ended, or lost.
"""

from __future__ import annotations

import asyncio
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

from sandbox.arm.errors import ArmError
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource
from sandbox.jobs import ending, mlflow_run, status, unit
from sandbox.jobs.plan import folder
from sandbox.jobs.planning import make, with_tokens
from sandbox.jobs.status import Status
from sandbox.ml.workspaces import ensure_registry, needs_image, workspace_of

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.azure import Azure

NOTICE_SECONDS = 0.1
STOP_GRACE_SECONDS = 10.0
TOKEN_LIFETIME = timedelta(days=7)
ORDER = (
    status.NOT_STARTED,
    status.QUEUED,
    status.PREPARING,
    status.RUNNING,
    status.FINALIZING,
)


async def follow(azure: Azure, at: ResourceId) -> None:
    """Start the job unless it has been started, and return when it has ended."""
    home = folder(azure.directory, at)
    job = azure.resources.get(at)
    if job is None or job.properties["status"] in status.ENDED:
        return
    if Status.load(home) is None and not await _start(azure, job, home):
        return
    run = azure.spawn(mlflow_run.begin(azure, job, home))
    try:
        await _watch(azure, at, home)
    finally:
        run.cancel()
    told = Status.load(home)
    if told is None or told.state not in status.ENDED:
        told = await ending.lost(azure, at, home)
    await ending.announce(azure, at, told)
    azure.spawn(ending.settle(azure, job, home))


async def cancel(azure: Azure, at: ResourceId) -> None:
    """Stop the job with all its processes; returns when it has ended."""
    from sandbox.jobs.scheduler import scheduler_of

    scheduler = scheduler_of(azure)
    if scheduler.queue.is_waiting(at):
        now = azure.clock.time()
        await ending.announce(azure, at, Status(status.CANCELED, ended=now))
        scheduler.drop(at)
        return
    home = folder(azure.directory, at)
    home.mkdir(parents=True, exist_ok=True)
    (home / status.CANCEL).touch()
    await unit.stop(azure, at, STOP_GRACE_SECONDS)
    followed = scheduler.followed.get(at.key)
    if followed:
        await asyncio.shield(followed)


async def discard(azure: Azure, at: ResourceId) -> None:
    """Stop what runs and leave nothing behind: the job's resource goes."""
    from sandbox.jobs.scheduler import scheduler_of

    scheduler = scheduler_of(azure)
    followed = scheduler.followed.get(at.key)
    if followed:
        followed.cancel()
    await unit.stop(azure, at, 0)
    scheduler.drop(at)
    shutil.rmtree(folder(azure.directory, at), ignore_errors=True)


def advance(azure: Azure, job: Resource, state: str) -> None:
    """Move on to a later state, never back, and not past a request to cancel."""
    current = job.properties["status"]
    if current in ORDER and ORDER.index(state) > ORDER.index(current):
        job.properties["status"] = state
        azure.resources.save(job)


async def _start(azure: Azure, job: Resource, home: Path) -> bool:
    """Give the job to the supervisor. False: it ended before it began."""
    try:
        plan = make(azure, job)
    except ArmError as error:
        # What it refers to was there at its submission and has gone since.
        failed = Status(
            status.FAILED,
            ended=azure.clock.time(),
            error={"code": error.code, "message": str(error)},
        )
        await ending.announce(azure, job.id, failed)
        return False
    home.mkdir(parents=True, exist_ok=True)
    if (home / status.CANCEL).exists():
        await ending.announce(azure, job.id, Status(status.CANCELED, ended=azure.clock.time()))
        return False
    if needs_image(plan.environment):
        ensure_registry(azure, workspace_of(azure, job.id))
    with_tokens(azure, job, plan, TOKEN_LIFETIME).save(home)
    advance(azure, job, status.PREPARING)
    await unit.start(azure, job.id, home)
    return True


async def _watch(azure: Azure, at: ResourceId, home: Path) -> None:
    """Show the runner's states as the job's until nothing of the unit is left."""
    gone = asyncio.create_task(unit.ended(azure, at))
    try:
        while not gone.done():
            await asyncio.wait({gone}, timeout=NOTICE_SECONDS)
            told = Status.load(home)
            if told is None:
                continue
            _show(azure, at, told)
    finally:
        gone.cancel()
    gone.result()


def _show(azure: Azure, at: ResourceId, told: Status) -> None:
    job = azure.resources.get(at)
    if job is None:
        return
    if told.started and "started" not in job.private:
        job.private["started"] = told.started
    # The end is announced when everything is where it belongs, not before.
    advance(azure, job, status.FINALIZING if told.state in status.ENDED else told.state)

"""The course of one job from its node to its final state, followed from the `azure` process.

The job itself is a unit of the supervisor's and does not need this process: killed and started
again, it finds the job where it is by then, ended, or lost.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import ArmError
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource
from sandbox.directory import checkout, write_atomically
from sandbox.jobs import status
from sandbox.jobs.plan import folder, unit_name
from sandbox.jobs.planning import make, with_tokens
from sandbox.jobs.status import Status
from sandbox.ml.workspaces import WORKSPACES, ensure_registry, needs_image, workspace_of

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.azure import Azure

NOTICE_SECONDS = 0.1
RETRY_SECONDS = 0.3
STOP_GRACE_SECONDS = 10.0
TRACKING_SECONDS = 60.0
"""How long the end of a job waits for an MLflow that is away."""
SETTLED_SECONDS = 15.0
"""How long a job's files are kept after its end: Azurite writes what it acknowledged every 5 s."""
TOKEN_LIFETIME = timedelta(days=7)
ORDER = (
    status.NOT_STARTED,
    status.QUEUED,
    status.PREPARING,
    status.RUNNING,
    status.FINALIZING,
)
_RUN_STATES = {
    status.COMPLETED: "FINISHED",
    status.FAILED: "FAILED",
    status.CANCELED: "KILLED",
}


async def follow(azure: Azure, at: ResourceId) -> None:
    """Start the job unless it has been started, and return when it has ended."""
    home = folder(azure.directory, at)
    job = azure.resources.get(at)
    if job is None or job.properties["status"] in status.ENDED:
        return
    if Status.load(home) is None and not await _start(azure, job, home):
        return
    run = azure.spawn(_have_run(azure, job, home))
    try:
        await _watch(azure, at, home)
    finally:
        run.cancel()
    told = Status.load(home)
    if told is None or told.state not in status.ENDED:
        told = await _lost(azure, at, home)
    await _end(azure, at, told)
    azure.spawn(_settle(home))


async def cancel(azure: Azure, at: ResourceId) -> None:
    """Stop the job with all its processes; returns when it has ended."""
    from sandbox.jobs.scheduler import scheduler_of

    scheduler = scheduler_of(azure)
    if scheduler.queue.is_waiting(at):
        now = azure.clock.time()
        await _end(azure, at, Status(status.CANCELED, ended=now))
        scheduler.drop(at)
        return
    home = folder(azure.directory, at)
    home.mkdir(parents=True, exist_ok=True)
    (home / status.CANCEL).touch()
    await azure.supervisor.stop(unit_name(at), grace=STOP_GRACE_SECONDS)
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
    await azure.supervisor.stop(unit_name(at), grace=0)
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
        await _end(azure, job.id, failed)
        return False
    home.mkdir(parents=True, exist_ok=True)
    if (home / status.CANCEL).exists():
        await _end(azure, job.id, Status(status.CANCELED, ended=azure.clock.time()))
        return False
    if needs_image(plan.environment):
        ensure_registry(azure, workspace_of(azure, job.id))
    with_tokens(azure, job, plan, TOKEN_LIFETIME).save(home)
    advance(azure, job, status.PREPARING)
    await _spawn(azure, job.id, home)
    return True


async def _spawn(azure: Azure, at: ResourceId, home: Path, *extra: str) -> None:
    await azure.supervisor.spawn(
        unit_name(at),
        [sys.executable, "-m", "sandbox.jobs.runner", str(azure.directory), home.name, *extra],
        env={"PYTHONPATH": str(checkout()), "PYTHONDONTWRITEBYTECODE": ""},
        cwd=home,
        log=home / "runner.log",
    )


async def _watch(azure: Azure, at: ResourceId, home: Path) -> None:
    """Show the runner's states as the job's until nothing of the unit is left."""
    gone = asyncio.create_task(azure.supervisor.wait(unit_name(at)))
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


async def _have_run(azure: Azure, job: Resource, home: Path) -> None:
    """See to it that the run of the job's name exists, as soon as MLflow answers."""
    if (home / status.RUN).exists():
        return
    from sandbox.tracking.runs import MlflowError, ensure_run

    workspace = workspace_of(azure, job.id)
    tags = {
        "mlflow.source.type": "JOB",
        **{str(key): str(value) for key, value in (job.properties.get("tags") or {}).items()},
    }
    told = False
    while True:
        try:
            experiment = await ensure_run(
                azure,
                workspace.private["workspace_id"],
                job.properties["experimentName"],
                job.name,
                tags,
                str(job.properties["displayName"]),
            )
        except Exception as error:
            if isinstance(error, MlflowError) and error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                write_atomically(home / status.RUN, json.dumps({"error": error.message}))
                return
            if not told:
                azure.log.info("job %s waits for MLflow: %s", job.name, error)
                told = True
            await asyncio.sleep(RETRY_SECONDS)
        else:
            write_atomically(home / status.RUN, json.dumps({"experiment_id": str(experiment)}))
            return


async def _lost(azure: Azure, at: ResourceId, home: Path) -> Status:
    """The runner has gone without a word: cancelled, killed, or lost with the sandbox."""
    code = await azure.supervisor.exit_code(unit_name(at))
    before = Status.load(home)
    now = azure.clock.time()
    ended = Status(
        status.CANCELED, before.started if before else None, now,
        warnings=before.warnings if before else [],
    )  # fmt: skip
    if not (home / status.CANCEL).exists():
        ended.state = status.FAILED
        ended.error = _reason(code)
    await _upload(azure, at, home)
    ended.save(home)
    return ended


def _reason(code: int | None) -> dict[str, Any]:
    if code is None:
        return {
            "code": "SandboxRestarted",
            "message": "The sandbox ended while the job ran, and the job with it. Its log up to "
            "then is in user_logs/std_log.txt. Submit it again.",
        }
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return {
        "code": "JobRunnerLost",
        "message": f"The process that ran the job {how}. Its log up to then is in "
        "user_logs/std_log.txt.",
    }


async def _upload(azure: Azure, at: ResourceId, home: Path) -> None:
    """Bring logs and outputs to storage that are there only on disk."""
    await _spawn(azure, at, home, "--upload")
    await azure.supervisor.wait(unit_name(at))


async def _end(azure: Azure, at: ResourceId, told: Status) -> None:
    """Announce the final state, after the run and the outputs have it."""
    job = azure.resources.get(at)
    if job is None:
        return
    await _finish_run(azure, job, told)
    if told.state == status.COMPLETED:
        await _register_outputs(azure, job)
    job = azure.resources.get(at)
    if job is None:
        return
    job.properties["status"] = told.state
    job.private |= {
        "started": told.started,
        "ended": told.ended or azure.clock.time(),
        "error": told.error,
        "warnings": told.warnings,
    }
    azure.resources.save(job)


async def _finish_run(azure: Azure, job: Resource, told: Status) -> None:
    from sandbox.tracking.runs import finish_run

    workspace = workspace_of(azure, job.id)
    try:
        async with asyncio.timeout(TRACKING_SECONDS):
            while True:
                try:
                    await finish_run(
                        azure, workspace.private["workspace_id"], job.name, _RUN_STATES[told.state]
                    )
                except Exception as error:
                    azure.log.info("job %s: its run is not finished yet: %s", job.name, error)
                    await asyncio.sleep(RETRY_SECONDS)
                else:
                    return
    except TimeoutError:
        azure.log.warning("job %s: MLflow stayed away, its run shows no end", job.name)


async def _register_outputs(azure: Azure, job: Resource) -> None:
    from sandbox.ml.outputs import register

    for name, output in (job.properties.get("outputs") or {}).items():
        if name != "default" and output.get("assetName"):
            try:
                await register(azure, job, name)
            except ArmError as error:
                azure.log.warning("job %s: output %s: %s", job.name, name, error)


def resume_uploads(azure: Azure) -> None:
    """At a start: what ended shortly before the last end may not have reached Azurite's disk."""
    ids = {
        folder(azure.directory, job.id): job for job in azure.resources.list(f"{WORKSPACES}/jobs")
    }
    for home in azure.directory.jobs.iterdir():
        job = ids.get(home)
        if job is None:
            shutil.rmtree(home, ignore_errors=True)
        elif job.properties["status"] in status.ENDED:
            azure.spawn(_upload_again(azure, job.id, home))


async def _upload_again(azure: Azure, at: ResourceId, home: Path) -> None:
    await _upload(azure, at, home)
    await _settle(home)


async def _settle(home: Path) -> None:
    await asyncio.sleep(SETTLED_SECONDS)
    shutil.rmtree(home, ignore_errors=True)

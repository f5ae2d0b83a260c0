"""The end of a job: its final state, once its logs, outputs and run are where they belong."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import ArmError
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource
from sandbox.jobs import mlflow_run, status, unit
from sandbox.jobs.plan import folder
from sandbox.jobs.status import Status
from sandbox.ml.workspaces import WORKSPACES

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.azure import Azure

SETTLED_SECONDS = 15.0
"""How long a job's files are kept after its end: Azurite writes what it acknowledged every 5 s."""


async def announce(azure: Azure, at: ResourceId, told: Status) -> None:
    """Announce the final state, after the run and the outputs have it."""
    job = azure.resources.get(at)
    if job is None:
        return
    await mlflow_run.finish(azure, job, told.state)
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


async def lost(azure: Azure, at: ResourceId, home: Path) -> Status:
    """The runner has gone without a word: cancelled, killed, or lost with the sandbox."""
    code = await unit.exit_code(azure, at)
    before = Status.load(home)
    now = azure.clock.time()
    ended = Status(
        status.CANCELED, before.started if before else None, now,
        warnings=before.warnings if before else [],
    )  # fmt: skip
    if not (home / status.CANCEL).exists():
        ended.state = status.FAILED
        ended.error = _reason(code)
    await unit.upload(azure, at, home)
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
            azure.spawn(_upload_again(azure, job, home))


async def _upload_again(azure: Azure, job: Resource, home: Path) -> None:
    await unit.upload(azure, job.id, home)
    await settle(azure, job, home)


async def settle(azure: Azure, job: Resource, home: Path) -> None:
    """Remove the job's files, in time: not those of one that has got its name meanwhile."""
    await asyncio.sleep(SETTLED_SECONDS)
    present = azure.resources.get(job.id)
    if present is None or present.private.get("submitted") == job.private.get("submitted"):
        shutil.rmtree(home, ignore_errors=True)

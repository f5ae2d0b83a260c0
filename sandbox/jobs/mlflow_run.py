"""The MLflow run that carries a job's name: begun with the job, ended with it."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from sandbox.arm.resource import Resource
from sandbox.directory import write_atomically
from sandbox.jobs import status
from sandbox.ml.workspaces import workspace_of
from sandbox.tracking.runs import MlflowError, ensure_run, finish_run

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.azure import Azure

RETRY_SECONDS = 0.3
TRACKING_SECONDS = 180.0
"""How long the end of a job waits for an MLflow that is away: more than one try takes, which
itself waits `tracking.runs.WAIT_SECONDS`."""
_RUN_STATES = {
    status.COMPLETED: "FINISHED",
    status.FAILED: "FAILED",
    status.CANCELED: "KILLED",
}


async def begin(azure: Azure, job: Resource, home: Path) -> None:
    """See to it that the run of the job's name exists, as soon as MLflow answers."""
    if (home / status.RUN).exists():
        return
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


async def finish(azure: Azure, job: Resource, state: str) -> None:
    """End it as the job ended, or leave it where MLflow stays away."""
    workspace = workspace_of(azure, job.id)
    try:
        async with asyncio.timeout(TRACKING_SECONDS):
            while True:
                try:
                    await finish_run(
                        azure, workspace.private["workspace_id"], job.name, _RUN_STATES[state]
                    )
                except Exception as error:
                    azure.log.info("job %s: its run is not finished yet: %s", job.name, error)
                    await asyncio.sleep(RETRY_SECONDS)
                else:
                    return
    except TimeoutError:
        azure.log.warning("job %s: MLflow stayed away, its run shows no end", job.name)

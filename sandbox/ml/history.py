"""Run history: what the official clients read a job's progress, logs and outputs from."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import ArmError
from sandbox.arm.resource import Resource
from sandbox.jobs import status
from sandbox.ml.blobs import Blobs, signed
from sandbox.ml.jobs import JOBS
from sandbox.ml.locations import of_run
from sandbox.ml.outputs import unnamed
from sandbox.ml.workspaces import workspace_of

if TYPE_CHECKING:
    from sandbox.azure import Azure

Body = dict[str, Any]
_LOGS = re.compile(r"(user_logs|system_logs|logs)/.+")


def job_of(azure: Azure, workspace: Resource, run_id: str) -> Resource:
    """The job of a run. Raises 404."""
    job = azure.resources.get(workspace.id.child("jobs", run_id))
    if job is None:
        raise ArmError(
            404, "UserError", f"The run '{run_id}' was not found in '{workspace.name}'.", "RunId"
        )
    return job


def run_body(azure: Azure, job: Resource) -> Body:
    """A run as run history shows it."""
    properties, private = job.properties, job.private
    error = private.get("error")
    return {
        "runId": job.name,
        "rootRunId": job.name,
        "runUuid": job.etag.strip('"'),
        "experimentId": properties["experimentName"],
        "displayName": properties["displayName"],
        "description": properties.get("description"),
        "status": properties["status"],
        "createdUtc": _time(private.get("submitted")),
        "startTimeUtc": _time(private.get("started")),
        "endTimeUtc": _time(private.get("ended")),
        "createdBy": {"userObjectId": job.created_by, "userName": "sandbox"},
        "submittedBy": "sandbox",
        "target": str(properties.get("computeId") or "serverless").rsplit("/", 1)[-1],
        "runType": "azureml.scriptrun" if properties.get("jobType") == "Command" else None,
        "hidden": bool(properties.get("isArchived")),
        "tags": properties.get("tags") or {},
        "properties": properties.get("properties") or {},
        "inputDatasets": [],
        "outputDatasets": [],
        "warnings": [
            {"source": "sandbox", "message": text} for text in private.get("warnings") or []
        ],
        "error": {"error": error, "time": _time(private.get("ended"))} if error else None,
        "outputs": _outputs(azure, job),
    }


async def details(azure: Azure, job: Resource) -> Body:
    """A run with the addresses of its logs.

    The official client prints a log only if it has seen the run in progress, and a job here may
    be over before it looks for the first time. So the end is told to the second who asks.
    """
    body = run_body(azure, job)
    if not job.private.get("looked_at"):
        job.private["looked_at"] = True
        azure.resources.save(job)
        if body["status"] in status.ENDED:
            body["status"] = status.FINALIZING
    body["logFiles"] = await _logs(azure, job)
    return body


async def _logs(azure: Azure, job: Resource) -> dict[str, str]:
    place = of_run(azure, workspace_of(azure, job.id), job.name)
    below = place.join("")
    names = [blob.name.removeprefix(f"{place.path}/") for blob in await Blobs(azure).below(below)]
    return {name: signed(azure, place.join(name), "r") for name in names if _LOGS.fullmatch(name)}


def data(azure: Azure, job: Resource) -> Body:
    """What ``POST rundata`` answers."""
    return {"runMetadata": run_body(azure, job), "runDefinition": None, "jobSpecification": None}


def modify(azure: Azure, job: Resource, change: Body) -> Body:
    """Archive, restore, rename or tag a run. Raises 400."""
    if "hidden" in change:
        job.properties["isArchived"] = bool(change["hidden"])
    for key in ("displayName", "description"):
        if change.get(key) is not None:
            job.properties[key] = change[key]
    for key in ("tags", "properties"):
        if not isinstance(change.get(key) or {}, dict):
            raise ArmError(400, "UserError", f"'{key}' must be an object.", key)
        if change.get(key):
            job.properties[key] = {**(job.properties.get(key) or {}), **change[key]}
    azure.resources.save(job)
    return run_body(azure, job)


def children(azure: Azure, job: Resource) -> Body:
    """Runs that a job has started; a command job has none."""
    found = [
        item
        for item in azure.resources.children(workspace_of(azure, job.id).id, JOBS)
        if item.private.get("parent") == job.name
    ]
    return {"value": [{**run_body(azure, item), "parentRunId": job.name} for item in found]}


def _outputs(azure: Azure, job: Resource) -> Body:
    """Model outputs are shown as folders: azure-ai-ml 1.35 fails on their own types."""
    workspace = workspace_of(azure, job.id)
    root = (
        f"azureml://locations/{workspace.location}/workspaces/{workspace.private['workspace_id']}"
    )
    shown = {}
    for name, output in (job.properties.get("outputs") or {}).items():
        if name != "default":
            kind = output["jobOutputType"]
            shown[name] = {
                "assetId": f"{root}/data/{unnamed(job.name, name)}/versions/1",
                "type": kind if kind in ("uri_file", "mltable") else "uri_folder",
            }
    return shown


def _time(seconds: float | None) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else None

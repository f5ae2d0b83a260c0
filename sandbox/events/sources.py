"""What in a workspace is an event: told by how a resource changes, whoever changes it.

Types, subjects and data: "Azure Machine Learning as an Event Grid source", Microsoft Learn; the
names in `data` are those of the official SDK (azure-eventgrid, `MachineLearning…EventData`). A
change of status is told of failed runs only, as the service does (from memory).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import SUCCEEDED, Resource
from sandbox.events.outbox import Event, Outbox
from sandbox.jobs.status import COMPLETED, FAILED

if TYPE_CHECKING:
    from sandbox.azure import Azure

WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
PREFIX = "Microsoft.MachineLearningServices."
TYPES = (
    "ModelRegistered",
    "ModelDeployed",
    "RunCompleted",
    "DatasetDriftDetected",
    "RunStatusChanged",
)


def watch(azure: Azure, outbox: Outbox) -> None:
    """Have jobs, models and deployments tell."""

    def job(before: Resource | None, now: Resource) -> None:
        status = now.properties.get("status")
        if before is None or before.properties.get("status") == status:
            return
        if status == COMPLETED:
            outbox.add(_source(now), _run("RunCompleted", now))
        elif status == FAILED:
            event = _run("RunStatusChanged", now)
            event.data["runStatus"] = status
            outbox.add(_source(now), event)

    def model(before: Resource | None, now: Resource) -> None:
        if before is None or before.state != now.state:
            known = before and before.state == SUCCEEDED
            if now.state == SUCCEEDED and not known:
                outbox.add(_source(now), _model(now))

    def deployment(before: Resource | None, now: Resource) -> None:
        if now.state == SUCCEEDED and (before is None or before.state != SUCCEEDED):
            outbox.add(_source(now), _deployed(now))

    azure.resources.watch(f"{WORKSPACES}/jobs", job)
    azure.resources.watch(f"{WORKSPACES}/models/versions", model)
    azure.resources.watch(f"{WORKSPACES}/onlineEndpoints/deployments", deployment)


def _source(resource: Resource) -> ResourceId:
    return ResourceId(resource.id.scope, WORKSPACES, resource.id.names[:1])


def _run(kind: str, job: Resource) -> Event:
    experiment = str(job.properties.get("experimentName") or "")
    data: dict[str, Any] = {
        "experimentId": experiment,
        "experimentName": experiment,
        "runId": job.name,
        "runType": f"azureml.{str(job.properties.get('jobType') or '').lower()}",
        "runTags": dict(job.properties.get("tags") or {}),
        "runProperties": dict(job.properties.get("properties") or {}),
    }
    return Event(PREFIX + kind, f"experiments/{experiment}/runs/{job.name}", data)


def _model(version: Resource) -> Event:
    name = version.id.names[-2]
    data = {
        "modelName": name,
        "modelVersion": version.name,
        "modelTags": dict(version.properties.get("tags") or {}),
        "modelProperties": dict(version.properties.get("properties") or {}),
    }
    return Event(f"{PREFIX}ModelRegistered", f"models/{name}:{version.name}", data)


def _deployed(deployment: Resource) -> Event:
    endpoint = deployment.id.names[-2]
    data = {
        "serviceName": endpoint,
        "serviceComputeType": str(deployment.properties.get("endpointComputeType") or "Managed"),
        "modelIds": str(deployment.properties.get("model") or ""),
        "serviceTags": dict(deployment.body.get("tags") or {}),
        "serviceProperties": dict(deployment.properties.get("properties") or {}),
    }
    return Event(f"{PREFIX}ModelDeployed", f"endpoints/{endpoint}", data)

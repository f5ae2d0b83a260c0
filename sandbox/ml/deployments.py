"""Online deployments: a model, its code and environment, served by processes of their own."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import ArmError, conflict, invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource
from sandbox.arm.types import Action, Change, ResourceType
from sandbox.jobs.specification import is_curated
from sandbox.ml.endpoint_computes import prepare_deployment
from sandbox.serving import contents, release, servers

if TYPE_CHECKING:
    from sandbox.azure import Azure

_PROBE = {
    "failureThreshold": 30,
    "successThreshold": 1,
    "timeout": "PT2S",
    "period": "PT10S",
    "initialDelay": "PT10S",
}
_REQUESTS = {
    "maxConcurrentRequestsPerInstance": 1,
    "requestTimeout": "PT5S",
    "maxQueueWait": "PT0.5S",
}
_LONGEST_TIMEOUT = 180.0
"""Seconds; what managed online endpoints allow."""
_MOST_LINES = 5000


def _prepare(azure: Azure, change: Change) -> None:
    deployment, properties = change.resource, change.resource.properties
    endpoint = azure.resources.need(str(deployment.id.parent))
    if azure.operations.open_on(endpoint.id):
        raise conflict(
            f"The endpoint '{endpoint.name}' is {endpoint.state}. Deploy when it has succeeded."
        )
    deployment.body["location"] = deployment.location or endpoint.location
    deployment.body["sku"] = {"name": "Default", "capacity": 1} | _given(deployment.body, "sku")
    prepare_deployment(azure, endpoint, deployment)
    properties.setdefault("scaleSettings", {"scaleType": "Default"})
    properties.setdefault("appInsightsEnabled", False)
    properties.setdefault("environmentVariables", {})
    properties.setdefault("properties", {})
    for name, defaults in (
        ("requestSettings", _REQUESTS),
        ("livenessProbe", _PROBE),
        ("readinessProbe", _PROBE),
    ):
        properties[name] = {**defaults, **_given(properties, name)}
    if not isinstance(deployment.body["sku"]["capacity"], int) or release.instances(deployment) < 1:
        raise invalid("A deployment needs at least one instance.", "sku.capacity")
    timeout = release.seconds(properties["requestSettings"]["requestTimeout"], 0)
    if not 0 < timeout <= _LONGEST_TIMEOUT:
        raise invalid(
            f"The request timeout must be more than 0 and at most {_LONGEST_TIMEOUT:.0f} s.",
            "properties.requestSettings.requestTimeout",
        )
    for probe in ("livenessProbe", "readinessProbe"):
        for name in ("initialDelay", "period", "timeout"):
            release.seconds(properties[probe].get(name), 0)
    _check_references(azure, deployment)


def _given(body: dict[str, Any], name: str) -> dict[str, Any]:
    """What an object in the body says; null is as good as left out."""
    return {key: value for key, value in (body.get(name) or {}).items() if value is not None}


def _check_references(azure: Azure, deployment: Resource) -> None:
    """Raises 400 for a model, code or environment that is not there, or one that is missing."""
    properties = deployment.properties
    code = (properties.get("codeConfiguration") or {}).get("codeId")
    for target, reference in (
        ("properties.model", properties.get("model")),
        ("properties.codeConfiguration.codeId", code),
        ("properties.environmentId", properties.get("environmentId")),
    ):
        if not reference or (target.endswith("environmentId") and is_curated(reference)):
            continue
        plain = str(reference).replace("/azureml:", "/")
        if not plain.startswith("/") or azure.resources.get(ResourceId.parse(plain)) is None:
            raise invalid(
                f"'{target}' names '{reference}', which was not found in the workspace.",
                target,
                code="InvalidResourceReference",
            )
    if contents.is_mlflow(azure, deployment):
        return
    for name in ("environmentId", "codeConfiguration"):
        if not properties.get(name):
            raise invalid(
                f"A deployment needs 'properties.{name}', unless its model is an MLflow model.",
                f"properties.{name}",
                code="BadRequest",
            )


async def _provision(azure: Azure, deployment: Resource) -> None:
    """Fetch what is new, start it, switch to it; if it cannot be started, the old one serves on."""
    wanted = release.revision(deployment)
    place = release.folder(azure, deployment) / wanted
    found = await contents.fetch(azure, deployment, place)
    await servers.switch(azure, deployment, release.compose(azure, deployment, found))
    for left in release.folder(azure, deployment).iterdir():
        if left.name != wanted:
            await asyncio.to_thread(shutil.rmtree, left, ignore_errors=True)


async def _remove(azure: Azure, deployment: Resource) -> None:
    await servers.stop(azure, deployment)
    folder = release.folder(azure, deployment)
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    endpoint = azure.resources.get(str(deployment.id.parent))
    if endpoint and deployment.name in endpoint.properties.get("traffic", {}):
        del endpoint.properties["traffic"][deployment.name]
        azure.resources.save(endpoint)


def _refuse_delete(azure: Azure, deployment: Resource, _request: Request) -> None:
    endpoint = azure.resources.need(str(deployment.id.parent))
    for kind in ("traffic", "mirrorTraffic"):
        share = (endpoint.properties.get(kind) or {}).get(deployment.name)
        if share:
            raise ArmError(
                400,
                "BadRequest",
                f"The deployment '{deployment.name}' takes {share} per cent of the {kind} of "
                f"endpoint '{endpoint.name}'. Set it to 0, then delete the deployment.",
            )


def _get_logs(azure: Azure, deployment: Resource, request: Request) -> dict[str, Any]:
    """The end of the newest revision's log: of the server, or of what fetched its contents."""
    body = request.body if isinstance(request.body, dict) else {}
    tail = body.get("tail", _MOST_LINES)
    if not isinstance(tail, int) or tail < 1:
        raise invalid("'tail' must be a number of lines, at least 1.", "tail")
    if body.get("containerType") == "StorageInitializer":
        name = contents.INITIALIZER_LOG
    else:
        name = f"{release.SERVER_LOG}-0.log"
    found = sorted(
        release.folder(azure, deployment).glob(f"*/{name}"), key=lambda path: path.stat().st_mtime
    )
    lines = servers.last_lines(found[-1], min(tail, _MOST_LINES)) if found else []
    return {"content": "\n".join(lines) + "\n"}


TYPE = ResourceType(
    release.DEPLOYMENTS,
    tracked=True,
    prepare=_prepare,
    provision=_provision,
    remove=_remove,
    refuse_delete=_refuse_delete,
    actions={"getLogs": Action(_get_logs)},
)

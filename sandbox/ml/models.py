"""Models: one registry, seen as Azure ML assets and through MLflow (`sandbox.tracking.registry`).

What only MLflow knows of (a source as its client wrote it, aliases) is kept in a resource's
private part, so there is nothing to keep in step.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from sandbox.arm.errors import conflict, invalid
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource
from sandbox.arm.types import Body, Change, ResourceType
from sandbox.blob.rest import StorageError
from sandbox.ml.assets import (
    check_names,
    complete,
    refuse_change,
    resolved,
    versions,
    view_container,
)
from sandbox.ml.blobs import Blobs
from sandbox.ml.locations import Location, resolve
from sandbox.ml.workspaces import WORKSPACES, workspace_of
from sandbox.tracking import runs

if TYPE_CHECKING:
    from sandbox.azure import Azure

MODELS = f"{WORKSPACES}/models"
VERSIONS = f"{MODELS}/versions"
DEPLOYMENTS = f"{WORKSPACES}/onlineEndpoints/deployments"
MLFLOW_MODEL = "mlflow_model"
CUSTOM_MODEL = "custom_model"

_RUN_ADDRESS = re.compile(r"runs:/+(?P<run>[^/]+)")
_JOB_ADDRESS = re.compile(r"azureml:/+jobs/(?P<job>[^/]+)/", re.IGNORECASE)


def location(azure: Azure, version: Resource) -> Location:
    """Where a registered model's files lie."""
    return resolve(azure, workspace_of(azure, version.id), version.properties["modelUri"])


def _prepare(azure: Azure, change: Change) -> None:
    check_names(change)
    model = change.resource
    uri = str(model.properties.get("modelUri") or "")
    workspace = workspace_of(azure, model.id)
    run, job = _RUN_ADDRESS.match(uri), _JOB_ADDRESS.match(uri)
    if run:
        run_id = run["run"]
        _need_run(azure, workspace, run_id)
        model.properties.setdefault("jobName", run_id)
        model.private["run_id"] = run_id
    elif job:
        model.properties.setdefault("jobName", job["job"])
        model.private["run_id"] = job["job"]
    if change.previous and not uri:
        model.properties["modelUri"] = change.previous.properties["modelUri"]
    resolved(azure, model, "modelUri")
    refuse_change(change, "modelUri", "Asset paths cannot be updated.")
    refuse_change(change, "modelType", "The type of a registered model cannot be changed.")
    old: dict[str, Any] = change.previous.properties if change.previous else {}
    for key in ("jobName", "stage", "description"):
        if model.properties.get(key) is None and old.get(key) is not None:
            model.properties[key] = old[key]
    model.properties["modelType"] = model.properties.get("modelType") or CUSTOM_MODEL
    if not model.properties.get("flavors"):
        model.properties["flavors"] = old.get("flavors") or {}
    complete(change)


def _need_run(azure: Azure, workspace: Resource, run_id: str) -> None:
    if azure.resources.get(workspace.id.child("jobs", run_id)):
        return
    if not runs.known(azure, workspace.private["workspace_id"], run_id):
        raise invalid(
            f"The run '{run_id}' was not found in '{workspace.name}'.", "properties.modelUri"
        )


async def _provision(azure: Azure, model: Resource) -> None:
    await describe(azure, model)


async def describe(azure: Azure, model: Resource) -> None:
    """Fill in an MLflow model's flavors from its ``MLmodel`` file, where there is one.

    The resource is changed, not stored.
    """
    properties = model.properties
    if properties["modelType"] != MLFLOW_MODEL or properties["flavors"]:
        return
    content = None
    try:
        content = await Blobs(azure).read(location(azure, model).join("MLmodel"))
    except StorageError as error:
        azure.log.warning("the flavors of %s are unknown: %s", model.id, error)
    if content:
        properties["flavors"] = flavors(content)


def flavors(mlmodel: bytes) -> dict[str, Any]:
    """``{"sklearn": {"data": {…}}}`` out of an MLmodel file, empty for one that cannot be read."""
    try:
        found = yaml.safe_load(mlmodel)
    except yaml.YAMLError:
        return {}
    if not isinstance(found, dict) or not isinstance(found.get("flavors"), dict):
        return {}
    return {
        name: {"data": {key: str(value) for key, value in (data or {}).items()}}
        for name, data in found["flavors"].items()
        if isinstance(data or {}, dict)
    }


def refuse_in_use(azure: Azure, version: Resource) -> None:
    """Raises 409 where a deployment serves the model."""
    for deployment in azure.resources.list(DEPLOYMENTS):
        if str(deployment.properties.get("model") or "").lower() == version.id.key:
            endpoint, name = deployment.id.names[-2:]
            raise conflict(
                f"The model '{version.id.names[-2]}:{version.name}' is served by the deployment "
                f"'{name}' of the endpoint '{endpoint}'. Delete the deployment first.",
                "ResourceInUse",
            )


def _refuse_delete(azure: Azure, version: Resource, _request: Request) -> None:
    refuse_in_use(azure, version)


def _refuse_delete_container(azure: Azure, model: Resource, _request: Request) -> None:
    for version in versions(azure, model.id):
        refuse_in_use(azure, version)


def _view(_azure: Azure, _model: Resource, body: Body) -> None:
    properties = body["properties"]
    properties["provisioningState"] = properties.get("provisioningState") or "Succeeded"
    # The official client cannot read a model whose flavors are null.
    properties["flavors"] = properties.get("flavors") or {}


TYPES = [
    ResourceType(
        MODELS,
        versioned=True,
        delete_status=200,
        refuse_delete=_refuse_delete_container,
        view=view_container,
    ),
    ResourceType(
        VERSIONS,
        synchronous=True,  # The official client does not poll, and its answer tells the flavors.
        delete_status=200,
        prepare=_prepare,
        provision=_provision,
        refuse_delete=_refuse_delete,
        view=_view,
    ),
]

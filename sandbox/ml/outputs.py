"""Outputs of jobs as assets: what a job was told to register under a name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import SUCCEEDED, Resource
from sandbox.ml.assets import DATA, next_version
from sandbox.ml.locations import long_address, resolve
from sandbox.ml.models import MODELS, describe
from sandbox.ml.workspaces import workspace_of

if TYPE_CHECKING:
    from sandbox.azure import Azure

_MODELS = ("custom_model", "mlflow_model", "triton_model")
_UNNAMED = re.compile(r"azureml_(?P<job>.+)_output_data_(?P<output>.+)")


def unnamed(job: str, output: str) -> str:
    """What an output is called that its job gave no name."""
    return f"azureml_{job}_output_data_{output}"


def of_unnamed(name: str) -> tuple[str, str] | None:
    """The job and the output that such a name stands for."""
    match = _UNNAMED.fullmatch(name)
    return (match["job"], match["output"]) if match else None


async def register(azure: Azure, job: Resource, name: str) -> Resource:
    """Make the version of a data asset or model that the output's `assetName` asks for.

    May be repeated: a version that this job has made is answered as it is.
    """
    output: dict[str, Any] = job.properties["outputs"][name]
    kind = output["jobOutputType"]
    is_model = kind in _MODELS
    workspace = workspace_of(azure, job.id)
    container = workspace.id.child((MODELS if is_model else DATA).rsplit("/", 1)[1],
                                   output["assetName"])  # fmt: skip
    lineage = {"azureml.jobName": job.name, "azureml.outputName": name}
    made = _made(azure, container, lineage)
    if made:
        return made
    place = long_address(
        workspace, resolve(azure, workspace, f"azureml://jobs/{job.name}/outputs/{name}")
    )
    properties: dict[str, Any] = {
        "isAnonymous": False,
        "isArchived": False,
        "tags": {},
        "properties": lineage,
        "description": output.get("description"),
        "provisioningState": SUCCEEDED,
    }
    if is_model:
        properties |= {"modelUri": place, "modelType": kind, "flavors": {}, "jobName": job.name}
    else:
        properties |= {"dataUri": place, "dataType": kind}
    if is_model:
        await describe(azure, Resource(container, {"properties": properties}))
    with azure.store.transaction():
        # The number is taken here: another job may have registered the name while we looked.
        version = str(output.get("assetVersion") or next_version(azure, container))
        asset = Resource(container.child("versions", version), {"properties": properties})
        asset.created_by = job.created_by
        if is_model:
            asset.private["run_id"] = job.name
        if azure.resources.get(container) is None:
            azure.resources.save(Resource(container, {"properties": {"isArchived": False}}))
        azure.resources.save(asset)
    return asset


def _made(azure: Azure, container: ResourceId, lineage: dict[str, str]) -> Resource | None:
    for version in azure.resources.children(container, f"{container.type}/versions"):
        known = version.properties.get("properties") or {}
        if all(known.get(key) == value for key, value in lineage.items()):
            return version
    return None

"""Computes: clusters that grow and shrink with their queue, instances, attached machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import ArmError, invalid
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource
from sandbox.arm.types import Action, Body, Change, ResourceType
from sandbox.arm.writes import dig
from sandbox.jobs.nodes import Nodes
from sandbox.jobs.scheduler import wake
from sandbox.ml import attached, clusters, instances, power_schedules
from sandbox.ml.clusters import CLUSTER
from sandbox.ml.compute_parts import SETTINGS, settings_of
from sandbox.ml.instances import INSTANCE, set_state, switch
from sandbox.ml.workspaces import WORKSPACES, workspace_of
from sandbox.resources.quota import check_compute

if TYPE_CHECKING:
    from sandbox.azure import Azure

__all__ = ["CLUSTER", "COMPUTES", "INSTANCE", "TYPES", "run", "set_state"]

COMPUTES = f"{WORKSPACES}/computes"
_MADE = {CLUSTER: clusters, INSTANCE: instances}


def _prepare(azure: Azure, change: Change) -> None:
    compute, inner = change.resource, settings_of(change.resource)
    kind = compute.properties["computeType"]
    compute.body.setdefault("location", workspace_of(azure, compute.id).location)
    compute.properties.setdefault("disableLocalAuth", False)
    if change.previous:
        _refuse_change(change.previous, compute)
    made = _MADE.get(kind)
    if made is None:
        attached.prepare(azure, compute, inner)
        return
    if not inner.get("vmSize"):
        raise invalid("A virtual machine size is needed.", f"{SETTINGS}.vmSize")
    made.prepare(azure, compute, inner)
    check_compute(azure, compute, change.previous)


def _refuse_change(old: Resource, new: Resource) -> None:
    """Raises 400 where another value is given for what a compute keeps for life."""
    kept = getattr(_MADE.get(old.properties["computeType"]), "CREATE_ONLY", attached.CREATE_ONLY)
    paths = ["computeType", "resourceId", *(f"properties.{path}" for path in kept)]
    for path in paths:
        before, after = dig(old.properties, path), dig(new.properties, path)
        if before is None or after is None or str(before).lower() == str(after).lower():
            continue
        raise ArmError(
            400,
            "PropertyChangeNotAllowed",
            f"'properties.{path}' of the compute '{new.name}' is '{before}' and cannot become "
            f"'{after}'. Delete the compute and make it anew.",
            target=f"properties.{path}",
        )


async def _provision(azure: Azure, _compute: Resource) -> None:
    wake(azure)


async def _remove(azure: Azure, compute: Resource) -> None:
    Nodes(azure).release_all(compute.id.key)
    await attached.remove(azure, compute)


def _refuse_delete(azure: Azure, compute: Resource, request: Request) -> None:
    instances.refuse_in_use(azure, compute)
    attached.refuse_in_use(azure, compute)
    attached.note_deletion(azure, compute, request)


def _view(azure: Azure, compute: Resource, body: Body) -> None:
    properties = body["properties"]
    kind = properties["computeType"]
    inner = properties.setdefault("properties", {})
    properties["isAttachedCompute"] = kind not in _MADE
    properties["computeLocation"] = compute.location
    properties.setdefault("provisioningErrors", None)
    if compute.created and compute.modified:
        properties["createdOn"] = compute.created.isoformat()
        properties["modifiedOn"] = compute.modified.isoformat()
    if kind in _MADE:
        inner |= _MADE[kind].state(azure, compute)


def _list_nodes(azure: Azure, compute: Resource, _request: Request) -> dict[str, Any]:
    nodes = Nodes(azure).live(compute.id.key)
    return {"nodes": [clusters.node(azure, node) for node in nodes]}


def _node_seconds(azure: Azure, compute: Resource, _request: Request) -> dict[str, Any]:
    """Not Azure's: there the bill says it, here this."""
    return {"nodeSeconds": Nodes(azure).seconds(compute.id.key)}


async def run(azure: Azure) -> None:
    """The schedules of instances, beside the requests."""
    await power_schedules.run(azure)


TYPES = [
    ResourceType(
        COMPUTES,
        prepare=_prepare,
        provision=_provision,
        remove=_remove,
        refuse_delete=_refuse_delete,
        view=_view,
        actions={
            "listNodes": Action(_list_nodes),
            "listKeys": Action(attached.list_keys),
            "nodeSeconds": Action(_node_seconds),
            "start": switch("Start", "Starting", "Running"),
            "stop": switch("Stop", "Stopping", "Stopped"),
            "restart": switch("Restart", "Restarting", "Running"),
        },
    ),
]

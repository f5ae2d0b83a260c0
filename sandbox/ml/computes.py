"""Computes: clusters that grow and shrink with their queue, instances, attached machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.arm.durations import seconds
from sandbox.arm.errors import ArmError, conflict, invalid
from sandbox.arm.request import Request
from sandbox.arm.resource import SUCCEEDED, Resource
from sandbox.arm.types import Action, Body, Change, ResourceType
from sandbox.jobs.iso8601 import duration
from sandbox.jobs.nodes import Node, Nodes
from sandbox.jobs.queue import JobQueue
from sandbox.jobs.scheduler import wake
from sandbox.ml.workspaces import WORKSPACES, workspace_of

if TYPE_CHECKING:
    from sandbox.azure import Azure

COMPUTES = f"{WORKSPACES}/computes"
CLUSTER, INSTANCE = "AmlCompute", "ComputeInstance"
ATTACHED = ("Kubernetes", "VirtualMachine", "AKS", "HDInsight", "Databricks", "SynapseSpark")
_SETTINGS = "properties.properties"
_IDLE = "PT2M"  # the service's default, "Manage a compute cluster", Microsoft Learn


def _inner(compute: Resource) -> dict[str, Any]:
    """What belongs to the type of compute, one level below the compute's own properties."""
    if not isinstance(compute.properties.get("properties"), dict):
        compute.properties["properties"] = {}
    inner: dict[str, Any] = compute.properties["properties"]
    return inner


def _prepare(azure: Azure, change: Change) -> None:
    compute, inner = change.resource, _inner(change.resource)
    kind = compute.properties["computeType"]
    compute.body.setdefault("location", workspace_of(azure, compute.id).location)
    compute.properties.setdefault("disableLocalAuth", False)
    if change.previous:
        _refuse_change(change.previous, compute)
    if kind in (CLUSTER, INSTANCE) and not inner.get("vmSize"):
        raise invalid("A virtual machine size is needed.", f"{_SETTINGS}.vmSize")
    if kind == CLUSTER:
        _prepare_cluster(inner)
    elif kind == INSTANCE:
        _prepare_instance(compute, inner)
    elif kind in ATTACHED and not compute.properties.get("resourceId") and kind != "VirtualMachine":
        raise invalid(
            f"To attach a compute of type '{kind}', name its resource.", "properties.resourceId"
        )


def _refuse_change(old: Resource, new: Resource) -> None:
    for path, before, after in (
        (
            "properties.computeType",
            old.properties.get("computeType"),
            new.properties["computeType"],
        ),
        (f"{_SETTINGS}.vmSize", _inner(old).get("vmSize"), _inner(new).get("vmSize")),
    ):
        if before and after and str(before).lower() != str(after).lower():
            raise ArmError(
                400,
                "PropertyChangeNotAllowed",
                f"'{path}' of the compute '{new.name}' is '{before}' and cannot become '{after}'. "
                "Delete the compute and make it anew.",
                target=path,
            )


def _prepare_cluster(inner: dict[str, Any]) -> None:
    scale = inner["scaleSettings"] = inner.get("scaleSettings") or {"maxNodeCount": 1}
    scale["minNodeCount"] = scale.get("minNodeCount") or 0
    scale["nodeIdleTimeBeforeScaleDown"] = scale.get("nodeIdleTimeBeforeScaleDown") or _IDLE
    inner.setdefault("osType", "Linux")
    inner.setdefault("vmPriority", "Dedicated")
    inner.setdefault("remoteLoginPortPublicAccess", "NotSpecified")
    inner.setdefault("enableNodePublicIp", True)
    at = f"{_SETTINGS}.scaleSettings"
    low, high = scale["minNodeCount"], scale.get("maxNodeCount")
    if high is None:
        raise invalid("A cluster needs a maximum number of nodes.", f"{at}.maxNodeCount")
    if low < 0 or high < 0:
        raise invalid("A cluster's numbers of nodes may not be negative.", at)
    if low > high:
        raise invalid(
            f"The minimum of {low} nodes is above the maximum of {high}.", f"{at}.minNodeCount"
        )
    _check_duration(scale["nodeIdleTimeBeforeScaleDown"], f"{at}.nodeIdleTimeBeforeScaleDown")


def _prepare_instance(compute: Resource, inner: dict[str, Any]) -> None:
    compute.private.setdefault("state", "Running")
    inner.setdefault("enableNodePublicIp", True)
    inner.setdefault("applicationSharingPolicy", "Shared")
    inner.setdefault("computeInstanceAuthorizationType", "personal")
    inner.setdefault("sshSettings", {"sshPublicAccess": "Disabled"})
    idle = inner.get("idleTimeBeforeShutdown")
    if idle:
        _check_duration(idle, f"{_SETTINGS}.idleTimeBeforeShutdown")


def _check_duration(text: str, path: str) -> None:
    try:
        duration(text)
    except ValueError as error:
        raise invalid(f"{error}.", path) from None


async def _provision(azure: Azure, _compute: Resource) -> None:
    wake(azure)


async def _remove(azure: Azure, compute: Resource) -> None:
    Nodes(azure).release_all(compute.id.key)


def _refuse_delete(azure: Azure, compute: Resource, _request: Request) -> None:
    jobs = [job.id.name for job in JobQueue(azure).on(compute.id.key)]
    if jobs:
        raise conflict(
            f"The compute '{compute.name}' is in use by {', '.join(jobs)}. "
            "Cancel these jobs or wait for them.",
            "ComputeInUse",
        )


def _view(azure: Azure, compute: Resource, body: Body) -> None:
    properties = body["properties"]
    kind = properties["computeType"]
    inner = properties.setdefault("properties", {})
    properties["isAttachedCompute"] = kind not in (CLUSTER, INSTANCE)
    properties["computeLocation"] = compute.location
    properties.setdefault("provisioningErrors", None)
    if compute.created and compute.modified:
        properties["createdOn"] = compute.created.isoformat()
        properties["modifiedOn"] = compute.modified.isoformat()
    if kind == CLUSTER:
        inner |= _cluster_state(azure, compute)
    elif kind == INSTANCE:
        inner |= _instance_state(azure, compute)


def _cluster_state(azure: Azure, compute: Resource) -> dict[str, Any]:
    now = azure.clock.time()
    nodes = Nodes(azure).live(compute.id.key)
    preparing = sum(node.ready > now for node in nodes)
    running = sum(node.job is not None for node in nodes)
    return {
        "allocationState": "Resizing" if preparing else "Steady",
        "allocationStateTransitionTime": azure.clock.now().isoformat(),
        "currentNodeCount": len(nodes) - preparing,
        "targetNodeCount": len(nodes),
        "nodeStateCounts": {
            "preparingNodeCount": preparing,
            "runningNodeCount": running,
            "idleNodeCount": len(nodes) - preparing - running,
            "unusableNodeCount": 0,
            "leavingNodeCount": 0,
            "preemptedNodeCount": 0,
        },
        "errors": [],
    }


def _instance_state(azure: Azure, compute: Resource) -> dict[str, Any]:
    state = "Creating" if compute.state == "Creating" else compute.private["state"]
    if state == "Running" and any(node.job for node in Nodes(azure).live(compute.id.key)):
        state = "JobRunning"
    host = f"{compute.name}.{compute.location}.instances.azureml.ms"
    names = {"Jupyter": "/tree", "Jupyter Lab": "/lab", "RStudio": ":8787"}
    return {
        "state": state,
        "applications": [
            {"displayName": name, "endpointUri": f"https://{host}{path}"}
            for name, path in names.items()
        ],
        "connectivityEndpoints": {"publicIpAddress": None, "privateIpAddress": "127.0.0.1"},
        "createdBy": {
            "userName": "sandbox",
            "userOrgId": azure.identity.tenant_id,
            "userId": compute.created_by,
        },
        "lastOperation": compute.private.get("last_operation"),
        "errors": [],
    }


def _list_nodes(azure: Azure, compute: Resource, _request: Request) -> dict[str, Any]:
    return {"nodes": [_node(azure, node) for node in Nodes(azure).live(compute.id.key)]}


def _node(azure: Azure, node: Node) -> dict[str, Any]:
    state = "running" if node.job else "preparing" if node.ready > azure.clock.time() else "idle"
    return {
        "nodeId": f"tvmps_{node.id:016x}_d",
        "privateIpAddress": "127.0.0.1",
        "publicIpAddress": None,
        "port": None,
        "nodeState": state,
        "runId": node.job.rsplit("/", 1)[1] if node.job else None,
    }


def _node_seconds(azure: Azure, compute: Resource, _request: Request) -> dict[str, Any]:
    """Not Azure's: there the bill says it, here this."""
    return {"nodeSeconds": Nodes(azure).seconds(compute.id.key)}


def _switch(operation: str, during: str, after: str) -> Action:
    """Start, stop or restart of an instance."""

    def begin(azure: Azure, compute: Resource, _request: Request) -> None:
        if compute.properties["computeType"] != INSTANCE:
            raise invalid(f"'{compute.name}' is no compute instance and knows no {operation}.")
        if compute.state != SUCCEEDED:
            raise conflict(f"'{compute.name}' is '{compute.state}' and cannot {operation} now.")
        if operation != "Start":
            _refuse_delete(azure, compute, _request)
        compute.private["state"] = during
        azure.resources.save(compute)
        wake(azure)

    async def finish(azure: Azure, compute: Resource) -> None:
        await azure.clock.sleep(seconds(COMPUTES, "update"))
        compute = azure.resources.need(compute.id)
        set_state(azure, compute, after, operation)

    return Action(begin, effect=finish)


def set_state(azure: Azure, compute: Resource, state: str, operation: str) -> None:
    """Record an instance's new state and by which operation it came about."""
    compute.private["state"] = state
    compute.private["last_operation"] = {
        "operationName": operation,
        "operationTime": azure.clock.now().isoformat(),
        "operationStatus": "Succeeded",
    }
    azure.resources.save(compute)
    wake(azure)


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
            "nodeSeconds": Action(_node_seconds),
            "start": _switch("Start", "Starting", "Running"),
            "stop": _switch("Stop", "Stopping", "Stopped"),
            "restart": _switch("Restart", "Restarting", "Running"),
        },
    ),
]

"""Compute clusters: nodes that come and go with the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import invalid
from sandbox.arm.resource import Resource
from sandbox.jobs.nodes import Node, Nodes
from sandbox.ml.compute_parts import SETTINGS, check_duration, check_subnet

if TYPE_CHECKING:
    from sandbox.azure import Azure

CLUSTER = "AmlCompute"
CREATE_ONLY = (
    "vmSize",
    "vmPriority",
    "osType",
    "subnet.id",
    "enableNodePublicIp",
    "isolatedNetwork",
    "userAccountCredentials.adminUserName",
    "userAccountCredentials.adminUserSshPublicKey",
)
_IDLE = "PT2M"  # the service's default, "Manage a compute cluster", Microsoft Learn


def prepare(azure: Azure, compute: Resource, inner: dict[str, Any]) -> None:
    """Fill in what is left out. Raises 400 for what the service does not take."""
    scale = inner["scaleSettings"] = inner.get("scaleSettings") or {"maxNodeCount": 1}
    scale["minNodeCount"] = scale.get("minNodeCount") or 0
    scale["nodeIdleTimeBeforeScaleDown"] = scale.get("nodeIdleTimeBeforeScaleDown") or _IDLE
    inner.setdefault("osType", "Linux")
    inner.setdefault("vmPriority", "Dedicated")
    inner.setdefault("remoteLoginPortPublicAccess", "NotSpecified")
    inner.setdefault("enableNodePublicIp", True)
    check_subnet(azure, inner)
    _keep_password(compute, inner)
    at = f"{SETTINGS}.scaleSettings"
    low, high = scale["minNodeCount"], scale.get("maxNodeCount")
    if high is None:
        raise invalid("A cluster needs a maximum number of nodes.", f"{at}.maxNodeCount")
    if low < 0 or high < 0:
        raise invalid("A cluster's numbers of nodes may not be negative.", at)
    if low > high:
        raise invalid(
            f"The minimum of {low} nodes is above the maximum of {high}.", f"{at}.minNodeCount"
        )
    check_duration(scale["nodeIdleTimeBeforeScaleDown"], f"{at}.nodeIdleTimeBeforeScaleDown")


def _keep_password(compute: Resource, inner: dict[str, Any]) -> None:
    """A password goes in and is never answered."""
    account = inner.get("userAccountCredentials")
    if not account:
        return
    password = account.pop("adminUserPassword", None)
    if password:
        compute.private["password"] = password
    if not account.get("adminUserSshPublicKey") and not compute.private.get("password"):
        raise invalid(
            "A user of the nodes needs a password or an SSH public key.",
            f"{SETTINGS}.userAccountCredentials",
        )


def state(azure: Azure, compute: Resource) -> dict[str, Any]:
    """What is there now."""
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


def node(azure: Azure, found: Node) -> dict[str, Any]:
    """A node as ``listNodes`` tells it."""
    state = "running" if found.job else "preparing" if found.ready > azure.clock.time() else "idle"
    return {
        "nodeId": f"tvmps_{found.id:016x}_d",
        "privateIpAddress": "127.0.0.1",
        "publicIpAddress": None,
        "port": None,
        "nodeState": state,
        "runId": found.job.rsplit("/", 1)[1] if found.job else None,
    }

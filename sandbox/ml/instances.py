"""Compute instances: one person's machine, which starts and stops."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

from sandbox.arm.durations import seconds
from sandbox.arm.errors import conflict, invalid
from sandbox.arm.request import Request
from sandbox.arm.resource import SUCCEEDED, Resource
from sandbox.arm.types import Action
from sandbox.jobs.nodes import Nodes
from sandbox.jobs.queue import JobQueue
from sandbox.jobs.scheduler import wake
from sandbox.ml import power_schedules
from sandbox.ml.compute_parts import SETTINGS, check_duration, check_subnet
from sandbox.ml.workspaces import WORKSPACES

if TYPE_CHECKING:
    from sandbox.azure import Azure

INSTANCE = "ComputeInstance"
CREATE_ONLY = (
    "vmSize",
    "subnet.id",
    "enableNodePublicIp",
    "sshSettings.sshPublicAccess",
    "sshSettings.adminPublicKey",
    "personalComputeInstanceSettings.assignedUser.objectId",
    "setupScripts.scripts.creationScript.scriptData",
    "setupScripts.scripts.startupScript.scriptData",
)
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]")
_SSH_PORT = 50000
_SCRIPT_SOURCES = ("inline", "workspaceStorage")


def prepare(azure: Azure, compute: Resource, inner: dict[str, Any]) -> None:
    """Fill in what is left out. Raises 400 for what the service does not take."""
    if not _NAME.fullmatch(compute.name):
        raise invalid(
            f"'{compute.name}' cannot name a compute instance: 3 to 24 letters, digits and '-', "
            "a letter first.",
            "name",
        )
    compute.private.setdefault("state", "Running")
    inner.setdefault("enableNodePublicIp", True)
    inner.setdefault("applicationSharingPolicy", "Shared")
    inner.setdefault("computeInstanceAuthorizationType", "personal")
    check_subnet(azure, inner)
    _prepare_ssh(inner)
    scripts = (inner.get("setupScripts") or {}).get("scripts") or {}
    for name, script in scripts.items():
        _check_script(script or {}, f"{SETTINGS}.setupScripts.scripts.{name}")
    power_schedules.prepare(azure, compute, inner)
    idle = inner.get("idleTimeBeforeShutdown")
    if idle:
        check_duration(idle, f"{SETTINGS}.idleTimeBeforeShutdown")


def _prepare_ssh(inner: dict[str, Any]) -> None:
    ssh = inner["sshSettings"] = inner.get("sshSettings") or {}
    ssh["sshPublicAccess"] = ssh.get("sshPublicAccess") or "Disabled"
    if ssh["sshPublicAccess"] == "Enabled":
        if not ssh.get("adminPublicKey"):
            raise invalid(
                "Access by SSH needs a public key.", f"{SETTINGS}.sshSettings.adminPublicKey"
            )
        ssh |= {"adminUserName": "azureuser", "sshPort": _SSH_PORT}


def _check_script(script: dict[str, Any], path: str) -> None:
    source = script.get("scriptSource")
    if source not in _SCRIPT_SOURCES:
        raise invalid(
            f"'{source}' is no source of a script: {' or '.join(_SCRIPT_SOURCES)}.",
            f"{path}.scriptSource",
        )
    if source == "inline":
        try:
            base64.b64decode(script.get("scriptData") or "", validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise invalid("An inline script is text in base64.", f"{path}.scriptData") from None
    timeout = script.get("timeout")
    if timeout and not re.fullmatch(r"\d+[smhd]?", timeout):
        raise invalid(
            f"'{timeout}' is no time as `timeout` takes it, such as 20m.", f"{path}.timeout"
        )


def state(azure: Azure, compute: Resource) -> dict[str, Any]:
    """What is there now."""
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


def switch(operation: str, during: str, after: str) -> Action:
    """Start, stop or restart of an instance."""

    def begin(azure: Azure, compute: Resource, _request: Request) -> None:
        if compute.properties["computeType"] != INSTANCE:
            raise invalid(f"'{compute.name}' is no compute instance and knows no {operation}.")
        if compute.state != SUCCEEDED:
            raise conflict(f"'{compute.name}' is '{compute.state}' and cannot {operation} now.")
        if operation != "Start":
            refuse_in_use(azure, compute)
        compute.private["state"] = during
        azure.resources.save(compute)
        wake(azure)

    async def finish(azure: Azure, compute: Resource) -> None:
        await azure.clock.sleep(seconds(f"{WORKSPACES}/computes", "update"))
        compute = azure.resources.need(compute.id)
        set_state(azure, compute, after, operation)

    return Action(begin, effect=finish)


def refuse_in_use(azure: Azure, compute: Resource) -> None:
    """Raises 409 while jobs wait for or run on a compute."""
    jobs = [job.id.name for job in JobQueue(azure).on(compute.id.key)]
    if jobs:
        raise conflict(
            f"The compute '{compute.name}' is in use by {', '.join(jobs)}. "
            "Cancel these jobs or wait for them.",
            "ComputeInUse",
        )


def set_state(
    azure: Azure, compute: Resource, state: str, operation: str, trigger: str = "User"
) -> None:
    """Record an instance's new state, by which operation and on whose account it came about."""
    compute.private["state"] = state
    compute.private["last_operation"] = {
        "operationName": operation,
        "operationTime": azure.clock.now().isoformat(),
        "operationStatus": "Succeeded",
        "operationTrigger": trigger,
    }
    azure.resources.save(compute)
    wake(azure)

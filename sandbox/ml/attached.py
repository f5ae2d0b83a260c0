"""Attached computes: machines and clusters that somebody else made and that jobs may run on."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sandbox.arm.effects import Effects
from sandbox.arm.errors import ArmError, conflict, invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import SUCCEEDED, Resource
from sandbox.ml.compute_parts import SETTINGS, settings_of
from sandbox.serving.choice import ENDPOINTS

if TYPE_CHECKING:
    from sandbox.azure import Azure

CREATE_ONLY = ("namespace",)
DETACH, DELETE = "detach", "delete"
EXTENSIONS = "Microsoft.KubernetesConfiguration/extensions"
EXTENSION_TYPE = "microsoft.azureml.kubernetes"
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9-]{1,15}")
_DEFAULT_TYPE = "defaultinstancetype"
_INSTANCE_TYPES: dict[str, Any] = {
    # What the extension makes when it is installed: "Create and manage instance types".
    _DEFAULT_TYPE: {
        "nodeSelector": None,
        "resources": {
            "requests": {"cpu": "100m", "memory": "2Gi"},
            "limits": {"cpu": "2", "memory": "2Gi", "nvidia.com/gpu": None},
        },
    }
}


@functools.cache
def kinds() -> dict[str, dict[str, Any]]:
    """What each kind of attached compute may be and do."""
    text = Path(__file__).with_name("attached_kinds.yaml").read_text()
    table: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return table


def prepare(azure: Azure, compute: Resource, inner: dict[str, Any]) -> None:
    """Fill in what is left out. Raises 400 for what is not there or cannot be logged in to."""
    kind = compute.properties["computeType"]
    if not _NAME.fullmatch(compute.name):
        raise invalid(
            f"'{compute.name}' cannot name an attached compute: 2 to 16 letters, digits and '-', "
            "a letter first.",
            "name",
        )
    target = _target(azure, compute, kind)
    if kind == "Kubernetes" and target:
        _check_attaching(azure, compute, target)
        _prepare_kubernetes(azure, target, inner)
    elif kind == "VirtualMachine":
        _prepare_machine(azure, compute, target, inner)
    elif kind == "HDInsight" and target:
        inner["address"] = inner.get("address") or f"{target.name}-ssh.azurehdinsight.net"
        _keep_account(compute, inner)
    elif kind == "Databricks" and target:
        inner["workspaceUrl"] = inner.get("workspaceUrl") or target.properties.get("workspaceUrl")
        _keep_secret(compute, inner, "databricksAccessToken")
        _need_secret(compute, "databricksAccessToken", SETTINGS)
    elif kind == "SynapseSpark" and target:
        _prepare_spark(compute, target, inner)


def _target(azure: Azure, compute: Resource, kind: str) -> Resource | None:
    """The resource behind a compute. Raises 400 where it is missing, of a wrong type or gone."""
    named = compute.properties.get("resourceId")
    allowed = kinds()[kind].get("resource", [])
    if not named:
        if allowed and not (kind == "VirtualMachine" and settings_of(compute).get("address")):
            raise invalid(
                f"To attach a compute of type '{kind}', name its resource.", "properties.resourceId"
            )
        return None
    at = ResourceId.parse(named)
    if allowed and at.type.lower() not in [name.lower() for name in allowed]:
        raise invalid(
            f"'{named}' is no resource for a compute of type '{kind}': {' or '.join(allowed)}.",
            "properties.resourceId",
        )
    found = azure.resources.get(at)
    if found is None or found.state in ("Failed", "Deleting"):
        state = f"is '{found.state}'" if found else "was not found"
        raise invalid(
            f"The resource '{named}' to attach {state}.",
            "properties.resourceId",
            code="InvalidResourceReference",
        )
    return found


def _check_attaching(azure: Azure, compute: Resource, cluster: Resource) -> None:
    """The workspace logs in to the cluster to attach it, with the roles that its identity has: one
    that is not the service's own must have been given them. Source: "Attach a Kubernetes cluster
    to Azure Machine Learning workspace", Microsoft Learn; the errors' texts are from memory.
    """
    if cluster.properties.get("disableLocalAccounts"):
        raise invalid(
            f"The cluster '{cluster.name}' has its local accounts disabled, which Azure Machine "
            "Learning does not support.",
            "properties.resourceId",
        )
    workspace = azure.resources.need(compute.id.parent) if compute.id.parent else None
    primary = workspace and workspace.properties.get("primaryUserAssignedIdentity")
    if primary:
        principal = azure.resources.need(primary).properties["principalId"]
        azure.authorization.check(principal, cluster.id, f"{EXTENSIONS}/read")
        azure.authorization.check(
            principal,
            cluster.id,
            "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action",
        )


def _prepare_kubernetes(azure: Azure, cluster: Resource, inner: dict[str, Any]) -> None:
    installed = [
        extension
        for extension in azure.resources.list(EXTENSIONS)
        if extension.id.parent == cluster.id
        and str(extension.properties.get("extensionType")).lower() == EXTENSION_TYPE
        and extension.state == SUCCEEDED
    ]
    if not installed:
        raise invalid(
            f"The Azure Machine Learning extension ('{EXTENSION_TYPE}') is not installed on the "
            f"cluster '{cluster.name}'. Install it, then attach the cluster.",
            "properties.resourceId",
        )
    inner["namespace"] = inner.get("namespace") or "default"
    inner["instanceTypes"] = inner.get("instanceTypes") or dict(_INSTANCE_TYPES)
    known = inner["instanceTypes"]
    inner["defaultInstanceType"] = inner.get("defaultInstanceType") or next(iter(known))
    if inner["defaultInstanceType"] not in known:
        raise invalid(
            f"The default instance type '{inner['defaultInstanceType']}' is none of "
            f"{', '.join(known)}.",
            f"{SETTINGS}.defaultInstanceType",
        )
    principal = (installed[0].body.get("identity") or {}).get("principalId")
    if principal:
        inner["extensionPrincipalId"] = principal


def _prepare_machine(
    azure: Azure, compute: Resource, machine: Resource | None, inner: dict[str, Any]
) -> None:
    inner["sshPort"] = inner.get("sshPort") or 22
    if machine:
        from sandbox.resources.virtual_machines import address_of

        inner["address"] = inner.get("address") or address_of(azure, machine)
        inner["virtualMachineSize"] = machine.properties["hardwareProfile"]["vmSize"]
    _keep_account(compute, inner)


def _keep_account(compute: Resource, inner: dict[str, Any]) -> None:
    """A user of the machine, whose password or private key goes in and is never answered."""
    at = f"{SETTINGS}.administratorAccount"
    account = inner.get("administratorAccount") or {}
    if not account.get("username"):
        raise invalid("The name of a user who may log in is needed.", f"{at}.username")
    for name in ("password", "privateKeyData"):
        _keep_secret(compute, account, name)
    known = compute.private.get("secrets") or {}
    if not known.get("password") and not known.get("privateKeyData"):
        raise invalid("A password or a private key to log in with is needed.", at)


def _keep_secret(compute: Resource, holder: dict[str, Any], name: str) -> None:
    given = holder.pop(name, None)
    if given:
        compute.private.setdefault("secrets", {})[name] = given


def _need_secret(compute: Resource, name: str, path: str) -> None:
    if not (compute.private.get("secrets") or {}).get(name):
        raise invalid(f"'{name}' is needed to log in.", f"{path}.{name}")


def _prepare_spark(compute: Resource, pool: Resource, inner: dict[str, Any]) -> None:
    if not compute.body.get("identity"):
        raise invalid(
            "A Synapse Spark pool is reached by a managed identity: give the compute one.",
            "identity",
        )
    properties = pool.properties
    scale, pause = properties.get("autoScale") or {}, properties.get("autoPause") or {}
    inner |= {
        "poolName": pool.name,
        "workspaceName": pool.id.names[0],
        "resourceGroup": pool.id.group,
        "subscriptionId": pool.id.subscription,
        "nodeSize": properties.get("nodeSize"),
        "nodeSizeFamily": properties.get("nodeSizeFamily"),
        "nodeCount": properties.get("nodeCount"),
        "sparkVersion": properties.get("sparkVersion"),
        "autoScaleProperties": {
            "enabled": bool(scale.get("enabled")),
            "minNodeCount": scale.get("minNodeCount"),
            "maxNodeCount": scale.get("maxNodeCount"),
        },
        "autoPauseProperties": {
            "enabled": bool(pause.get("enabled")),
            "delayInMinutes": pause.get("delayInMinutes"),
        },
    }


def list_keys(_azure: Azure, compute: Resource, _request: Request) -> dict[str, Any]:
    """The secrets of a compute, for those who may list them."""
    kind, secrets = compute.properties["computeType"], compute.private.get("secrets") or {}
    if kind == "Databricks":
        return {"computeType": kind, "databricksAccessToken": secrets["databricksAccessToken"]}
    if kind in ("VirtualMachine", "HDInsight"):
        account = dict(settings_of(compute)["administratorAccount"])
        return {"computeType": kind, "administratorAccount": {**account, **secrets}}
    raise ArmError(400, "BadRequest", f"A compute of type '{kind}' has no keys to list.")


def refuse_job(compute: Resource) -> str | None:
    """Why a command job cannot run on a compute; None where it can."""
    kind = str(compute.properties.get("computeType"))
    row = kinds().get(kind)
    if row is None or row.get("jobs"):
        return None
    return (
        f"The compute '{compute.name}' is of type '{kind}', which takes no command jobs. Choose a "
        "cluster, an instance, a virtual machine or a Kubernetes compute."
    )


def note_deletion(azure: Azure, compute: Resource, request: Request) -> None:
    """Keep what a DELETE says about the resource behind. Raises 400 for another word."""
    action = request.query.get("underlyingresourceaction", DETACH).lower()
    if action not in (DETACH, DELETE):
        raise invalid(f"'{action}' is neither Detach nor Delete.", "underlyingResourceAction")
    compute.private["underlying"] = action
    azure.resources.save(compute)


async def remove(azure: Azure, compute: Resource) -> None:
    """Delete the resource behind, where that was asked for."""
    named = compute.properties.get("resourceId")
    if compute.private.get("underlying") != DELETE or not named:
        return
    found = azure.resources.get(ResourceId.parse(named))
    if found:
        kind = azure.types.of(found)
        if kind.refuse_delete:
            kind.refuse_delete(azure, found, Request("DELETE", str(found.id), {}, {}))
        await Effects(azure).delete_tree(found, purge=False)


def refuse_in_use(azure: Azure, compute: Resource) -> None:
    """Raises 409 while online endpoints are served from a compute."""
    users = [
        endpoint.name
        for endpoint in azure.resources.list(ENDPOINTS)
        if str(endpoint.properties.get("compute") or "").lower() == compute.id.key
    ]
    if users:
        raise conflict(
            f"The compute '{compute.name}' serves {', '.join(users)}. Delete these endpoints "
            "first.",
            "ComputeInUse",
        )

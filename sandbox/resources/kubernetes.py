"""Kubernetes clusters with their node pools, and the extensions installed on them.

There is no Kubernetes behind: what a workspace runs on a cluster runs on this machine.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import ArmError, conflict, invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import SUCCEEDED, Resource
from sandbox.arm.types import Action, Body, Change, ResourceType

if TYPE_CHECKING:
    from sandbox.azure import Azure

CLUSTERS = "Microsoft.ContainerService/managedClusters"
POOLS = f"{CLUSTERS}/agentPools"
EXTENSIONS = "Microsoft.KubernetesConfiguration/extensions"
LEARNING = "microsoft.azureml.kubernetes"
VERSION = "1.33.5"
"""What a cluster gets that asks for none."""
_POOL_DEFAULTS = {
    "count": 1,
    "osType": "Linux",
    "osSKU": "Ubuntu",
    "type": "VirtualMachineScaleSets",
    "mode": "User",
    "enableAutoScaling": False,
    "enableNodePublicIP": False,
    "orchestratorVersion": VERSION,
    "powerState": {"code": "Running"},
    "maxPods": 110,
    "osDiskType": "Managed",
    "osDiskSizeGB": 128,
}


def _prepare(azure: Azure, change: Change) -> None:
    cluster, properties = change.resource, change.resource.properties
    if not cluster.body.get("identity") and not properties.get("servicePrincipalProfile"):
        raise invalid("A cluster needs an identity or a service principal.", "identity")
    if not properties.get("dnsPrefix") and not properties.get("fqdnSubdomain"):
        raise invalid("A cluster needs a prefix of its address.", "properties.dnsPrefix")
    _check_access(properties)
    pools = properties["agentPoolProfiles"] = _with_left_out(change)
    if not any(pool.get("mode") == "System" for pool in pools):
        raise invalid(
            "A cluster needs at least one node pool of mode System.", "properties.agentPoolProfiles"
        )
    for number, pool in enumerate(pools):
        at = f"properties.agentPoolProfiles[{number}]"
        if not pool.get("name"):
            raise invalid("A node pool needs a name.", f"{at}.name")
        _complete_pool(azure, pool, at)
    version = properties.get("kubernetesVersion") or VERSION
    properties["kubernetesVersion"] = version
    full = VERSION if VERSION.startswith(f"{version}.") else version
    properties["currentKubernetesVersion"] = full if full.count(".") > 1 else f"{full}.0"
    properties.setdefault("enableRBAC", True)
    properties.setdefault("disableLocalAccounts", False)
    properties["nodeResourceGroup"] = (
        properties.get("nodeResourceGroup")
        or (f"MC_{cluster.id.group}_{cluster.name}_{cluster.location}"[:80])
    )
    cluster.body["sku"] = {"name": "Base", "tier": "Free"} | (cluster.body.get("sku") or {})
    network = {"networkPlugin": "azure", "loadBalancerSku": "standard"}
    properties["networkProfile"] = network | (properties.get("networkProfile") or {})
    properties["powerState"] = properties.get("powerState") or {"code": "Running"}
    cluster.private.setdefault("unique", uuid.uuid4().hex[:8])
    cluster.private.setdefault("kubelet", [str(uuid.uuid4()), str(uuid.uuid4())])


def _with_left_out(change: Change) -> list[dict[str, Any]]:
    """The pools that are asked for, and those that are there: leaving one out deletes nothing."""
    asked = list(change.resource.properties.get("agentPoolProfiles") or [])
    names = {str(pool.get("name")).lower() for pool in asked}
    before = change.previous.properties["agentPoolProfiles"] if change.previous else []
    return asked + [pool for pool in before if pool["name"].lower() not in names]


def _check_access(properties: dict[str, Any]) -> None:
    aad = properties.get("aadProfile") or {}
    if properties.get("disableLocalAccounts") and not aad.get("managed"):
        raise invalid(
            "Local accounts can be disabled only where Microsoft Entra lets people in: set "
            "'aadProfile.managed'.",
            "properties.disableLocalAccounts",
        )
    access = properties.get("apiServerAccessProfile") or {}
    if access.get("enablePrivateCluster") and access.get("authorizedIPRanges"):
        raise invalid(
            "A private cluster takes no authorized IP ranges.",
            "properties.apiServerAccessProfile.authorizedIPRanges",
        )
    identity = (properties.get("securityProfile") or {}).get("workloadIdentity") or {}
    if identity.get("enabled") and not (properties.get("oidcIssuerProfile") or {}).get("enabled"):
        raise invalid(
            "Workload identity needs the cluster's OIDC issuer.",
            "properties.securityProfile.workloadIdentity",
        )


def _complete_pool(azure: Azure, pool: dict[str, Any], at: str) -> None:
    for name, value in _POOL_DEFAULTS.items():
        if pool.get(name) is None:
            pool[name] = value
    if not pool.get("vmSize"):
        raise invalid("A node pool needs a virtual machine size.", f"{at}.vmSize")
    if pool["mode"] == "System" and (pool["count"] < 1 or pool.get("scaleSetPriority") == "Spot"):
        raise invalid("A system node pool has regular nodes, at least one.", f"{at}.mode")
    if pool["enableAutoScaling"]:
        low, high = pool.get("minCount"), pool.get("maxCount")
        if low is None or high is None or low > high:
            raise invalid("A pool that scales needs minCount and maxCount.", f"{at}.minCount")
        pool["count"] = min(max(pool["count"], low), high)
    elif pool.get("minCount") is not None or pool.get("maxCount") is not None:
        raise invalid(
            "minCount and maxCount are for a pool that scales (enableAutoScaling).",
            f"{at}.minCount",
        )
    subnet = pool.get("vnetSubnetID")
    if subnet and azure.resources.get(ResourceId.parse(subnet)) is None:
        raise invalid(
            f"The subnet '{subnet}' was not found.",
            f"{at}.vnetSubnetID",
            code="InvalidResourceReference",
        )
    pool["provisioningState"] = SUCCEEDED


async def _provision(azure: Azure, cluster: Resource) -> None:
    """The pools that a cluster lists are resources of their own as well."""
    for profile in cluster.properties["agentPoolProfiles"]:
        properties = {key: value for key, value in profile.items() if key != "name"}
        azure.resources.save(
            Resource(cluster.id.child("agentPools", profile["name"]), {"properties": properties})
        )


def _view(_azure: Azure, cluster: Resource, body: Body) -> None:
    properties, unique = body["properties"], cluster.private["unique"]
    prefix = properties.get("dnsPrefix") or properties.get("fqdnSubdomain")
    host = f"{prefix}-{unique}"
    access = properties.get("apiServerAccessProfile") or {}
    if access.get("enablePrivateCluster"):
        properties["privateFQDN"] = f"{host}.privatelink.{cluster.location}.azmk8s.io"
    else:
        properties["fqdn"] = f"{host}.hcp.{cluster.location}.azmk8s.io"
    issuer = properties.get("oidcIssuerProfile") or {}
    if issuer.get("enabled"):
        issuer["issuerURL"] = f"https://{cluster.location}.oic.prod-aks.azure.com/{unique}/"
    properties["maxAgentPools"] = 100
    principal, client = cluster.private["kubelet"]
    properties["identityProfile"] = {
        "kubeletidentity": {
            "resourceId": f"/subscriptions/{cluster.id.subscription}/resourceGroups/"
            f"{properties['nodeResourceGroup']}/providers/Microsoft.ManagedIdentity/"
            f"userAssignedIdentities/{cluster.name}-agentpool",
            "objectId": principal,
            "clientId": client,
        }
    }


def _credentials(kind: str) -> Action:
    """A kubeconfig: the administrator's only where there are local accounts."""

    def answer(_azure: Azure, cluster: Resource, _request: Request) -> dict[str, Any]:
        if kind == "Admin" and cluster.properties.get("disableLocalAccounts"):
            raise ArmError(
                400,
                "BadRequest",
                "Getting static credential is not allowed because this cluster is set to disable "
                "local accounts.",
            )
        host = cluster.properties.get("dnsPrefix") or cluster.name
        text = (
            "apiVersion: v1\nkind: Config\n"
            f"clusters: [{{name: {cluster.name}, cluster: {{server: 'https://{host}:443'}}}}]\n"
            f"current-context: {cluster.name}\n"
        )
        value = base64.b64encode(text.encode()).decode()
        return {"kubeconfigs": [{"name": f"cluster{kind}", "value": value}]}

    return Action(answer)


def _power(state: str) -> Action:
    async def switch(azure: Azure, cluster: Resource) -> None:
        cluster.properties["powerState"] = {"code": state}
        azure.resources.save(cluster)

    return Action(effect=switch)


def _prepare_pool(azure: Azure, change: Change) -> None:
    pool = change.resource
    _complete_pool(azure, pool.properties, "properties")


async def _provision_pool(azure: Azure, pool: Resource) -> None:
    _list_in_cluster(azure, pool, {"name": pool.name, **pool.properties})


async def _remove_pool(azure: Azure, pool: Resource) -> None:
    _list_in_cluster(azure, pool, None)


def _list_in_cluster(azure: Azure, pool: Resource, profile: dict[str, Any] | None) -> None:
    cluster = azure.resources.get(pool.id.parent) if pool.id.parent else None
    if cluster is None or cluster.state == "Deleting":
        return
    profiles = cluster.properties["agentPoolProfiles"]
    others = [item for item in profiles if item["name"].lower() != pool.name.lower()]
    if profile:
        others.append({**profile, "provisioningState": SUCCEEDED})
    cluster.properties["agentPoolProfiles"] = others
    azure.resources.save(cluster)


def _refuse_delete_pool(azure: Azure, pool: Resource, _request: Request) -> None:
    cluster = azure.resources.need(str(pool.id.parent))
    left = [
        profile
        for profile in cluster.properties["agentPoolProfiles"]
        if profile.get("mode") == "System" and profile["name"].lower() != pool.name.lower()
    ]
    if not left:
        raise conflict(
            f"The node pool '{pool.name}' is the only one of mode System of cluster "
            f"'{cluster.name}', which needs one.",
            "OperationNotAllowed",
        )


def _prepare_extension(azure: Azure, change: Change) -> None:
    extension, properties = change.resource, change.resource.properties
    cluster = azure.resources.get(extension.id.parent) if extension.id.parent else None
    if cluster is None or cluster.type.lower() != CLUSTERS.lower():
        raise invalid("An extension is installed on a cluster that is there.", "id")
    kind = str(properties.get("extensionType") or "")
    if not kind:
        raise invalid("The type of the extension is needed.", "properties.extensionType")
    protected = properties.pop("configurationProtectedSettings", None)
    if protected:
        extension.private["protected"] = protected
    settings = properties.setdefault("configurationSettings", {})
    if kind.lower() == LEARNING:
        _check_learning(settings, extension.private.get("protected") or {})
    properties.setdefault("autoUpgradeMinorVersion", True)
    properties["releaseTrain"] = properties.get("releaseTrain") or "Stable"
    properties["scope"] = properties.get("scope") or {"cluster": {"releaseNamespace": "azureml"}}
    extension.private.setdefault("principal", str(uuid.uuid4()))
    properties["aksAssignedIdentity"] = {
        "type": "SystemAssigned",
        "principalId": extension.private["principal"],
        "tenantId": azure.identity.tenant_id,
    }


def _check_learning(settings: dict[str, Any], protected: dict[str, Any]) -> None:
    """What its installation fails over: "Deploy Azure Machine Learning extension"."""

    def on(name: str) -> bool:
        return str(settings.get(name, "")).lower() == "true"

    at = "properties.configurationSettings"
    if not on("enableTraining") and not on("enableInference"):
        raise invalid("Neither enableTraining nor enableInference is set.", at)
    if not on("enableInference"):
        return
    service = settings.get("inferenceRouterServiceType")
    if service not in ("LoadBalancer", "NodePort", "ClusterIP"):
        raise invalid(
            f"'{service}' is no inferenceRouterServiceType: LoadBalancer, NodePort or ClusterIP.",
            f"{at}.inferenceRouterServiceType",
        )
    secured = settings.get("sslSecret") or protected.get("sslCertPemFile")
    if not secured and not on("allowInsecureConnections"):
        raise invalid(
            "Inference needs a certificate (sslSecret, or sslCertPemFile and sslKeyPemFile), or "
            "allowInsecureConnections.",
            f"{at}.allowInsecureConnections",
        )


def _view_extension(_azure: Azure, extension: Resource, body: Body) -> None:
    digest = hashlib.sha256(str(extension.properties.get("extensionType")).encode()).hexdigest()
    version = extension.properties.get("version") or f"1.1.{int(digest[:2], 16)}"
    body["properties"] |= {"currentVersion": version, "isSystemExtension": False}


TYPES = [
    ResourceType(
        CLUSTERS,
        tracked=True,
        delete_status=204,
        prepare=_prepare,
        provision=_provision,
        view=_view,
        actions={
            "listClusterAdminCredential": _credentials("Admin"),
            "listClusterUserCredential": _credentials("User"),
            "start": _power("Running"),
            "stop": _power("Stopped"),
        },
    ),
    ResourceType(
        POOLS,
        delete_status=204,
        prepare=_prepare_pool,
        provision=_provision_pool,
        remove=_remove_pool,
        refuse_delete=_refuse_delete_pool,
    ),
    ResourceType(EXTENSIONS, extension=True, prepare=_prepare_extension, view=_view_extension),
]

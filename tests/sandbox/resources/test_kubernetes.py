"""Kubernetes clusters, their node pools and extensions, through the official client."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.sandbox.conftest import RunningSandbox
from tests.sandbox.resources.conftest import Clients, code

POOL = {"name": "system", "mode": "System", "count": 1, "vmSize": "Standard_DS3_v2"}
EXTENSIONS = "2023-05-01"


def body(**properties: Any) -> dict[str, Any]:
    return {
        "location": "eastus",
        "identity": {"type": "SystemAssigned"},
        "properties": {"dnsPrefix": "aks", "agentPoolProfiles": [dict(POOL)], **properties},
    }


@pytest.fixture
def cluster(clients: Clients, group: str, unique: str) -> str:
    name = f"aks-{unique}"
    clusters = clients.kubernetes.managed_clusters
    clusters.begin_create_or_update(group, name, body()).result()
    return name


def test_a_cluster_has_an_address_a_version_and_its_pools(
    clients: Clients, group: str, cluster: str
) -> None:
    found = clients.kubernetes.managed_clusters.get(group, cluster)
    assert found.properties.fqdn.endswith(".hcp.eastus.azmk8s.io")
    assert found.properties.current_kubernetes_version.startswith(
        found.properties.kubernetes_version
    )
    assert found.properties.node_resource_group == f"MC_{group}_{cluster}_eastus"
    (pool,) = clients.kubernetes.agent_pools.list(group, cluster)
    assert (pool.name, pool.properties.mode) == ("system", "System")
    assert found.properties.identity_profile["kubeletidentity"].object_id


def test_local_accounts_that_are_off_have_no_credential(
    clients: Clients, group: str, unique: str
) -> None:
    clusters, name = clients.kubernetes.managed_clusters, f"aks-{unique}"
    with pytest.raises(HttpResponseError, match=r"aadProfile\.managed"):
        clusters.begin_create_or_update(group, name, body(disableLocalAccounts=True)).result()
    closed = body(disableLocalAccounts=True, aadProfile={"managed": True})
    clusters.begin_create_or_update(group, name, closed).result()
    with pytest.raises(HttpResponseError, match="disable local accounts") as refused:
        clusters.list_cluster_admin_credentials(group, name)
    assert refused.value.status_code == 400
    config = clusters.list_cluster_user_credentials(group, name).kubeconfigs[0].value
    assert b"current-context" in (config if b":" in config else base64.b64decode(config))


def test_a_cluster_stands_on_one_system_pool(clients: Clients, group: str, cluster: str) -> None:
    pools = clients.kubernetes.agent_pools
    with pytest.raises(HttpResponseError) as refused:
        pools.begin_delete(group, cluster, "system").result()
    assert code(refused) == (409, "OperationNotAllowed")
    more = {"properties": {"vmSize": "Standard_DS3_v2", "count": 2, "mode": "User"}}
    pools.begin_create_or_update(group, cluster, "work", more).result()
    found = clients.kubernetes.managed_clusters.get(group, cluster)
    assert [pool.name for pool in found.properties.agent_pool_profiles] == ["system", "work"]
    pools.begin_delete(group, cluster, "work").result()
    found = clients.kubernetes.managed_clusters.get(group, cluster)
    assert [pool.name for pool in found.properties.agent_pool_profiles] == ["system"]


def test_a_pool_that_an_update_leaves_out_stays(clients: Clients, group: str, cluster: str) -> None:
    more = {"properties": {"vmSize": "Standard_DS3_v2", "count": 2, "mode": "User"}}
    clients.kubernetes.agent_pools.begin_create_or_update(group, cluster, "work", more).result()
    clients.kubernetes.managed_clusters.begin_create_or_update(group, cluster, body()).result()
    pools = clients.kubernetes.agent_pools.list(group, cluster)
    assert {pool.name for pool in pools} == {"system", "work"}


@pytest.mark.parametrize(
    ("properties", "target"),
    [
        ({"agentPoolProfiles": []}, "properties.agentPoolProfiles"),
        ({"dnsPrefix": None}, "properties.dnsPrefix"),
        (
            {"agentPoolProfiles": [{**POOL, "enableAutoScaling": True, "minCount": 3}]},
            "properties.agentPoolProfiles[0].minCount",
        ),
        (
            {"agentPoolProfiles": [{**POOL, "scaleSetPriority": "Spot"}]},
            "properties.agentPoolProfiles[0].mode",
        ),
        (
            {"agentPoolProfiles": [{**POOL, "vnetSubnetID": "/subscriptions/s/resourceGroups/g"}]},
            "properties.agentPoolProfiles[0].vnetSubnetID",
        ),
        (
            {"securityProfile": {"workloadIdentity": {"enabled": True}}},
            "properties.securityProfile.workloadIdentity",
        ),
        (
            {
                "apiServerAccessProfile": {
                    "enablePrivateCluster": True,
                    "authorizedIPRanges": ["203.0.113.0/24"],
                }
            },
            "properties.apiServerAccessProfile.authorizedIPRanges",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    clients: Clients, group: str, unique: str, properties: dict[str, Any], target: str
) -> None:
    clusters = clients.kubernetes.managed_clusters
    with pytest.raises(HttpResponseError) as refused:
        clusters.begin_create_or_update(group, f"aks-{unique}", body(**properties)).result()
    assert refused.value.status_code == 400
    assert refused.value.error
    assert refused.value.error.target == target
    with pytest.raises(ResourceNotFoundError):
        clusters.get(group, f"aks-{unique}")


def test_an_extension_is_installed_on_a_cluster_that_is_there(
    sandbox: RunningSandbox, group: str, cluster: str
) -> None:
    clusters = (
        f"/subscriptions/{sandbox.subscription}/resourceGroups/{group}/providers/"
        "Microsoft.ContainerService/managedClusters"
    )
    extension = "providers/Microsoft.KubernetesConfiguration/extensions/azureml"
    settings = {"enableTraining": "True"}
    wanted = {
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "extensionType": "Microsoft.AzureML.Kubernetes",
            "configurationSettings": settings,
            "configurationProtectedSettings": {"sslKeyPemFile": "secret"},
        },
    }

    def put(name: str) -> Any:
        return sandbox.arm("PUT", f"{clusters}/{name}/{extension}", wanted, version=EXTENSIONS)

    assert put("nowhere").status_code == 404
    settings["enableInference"] = "True"
    answer = put(cluster).json()["error"]["target"]
    assert answer == "properties.configurationSettings.inferenceRouterServiceType"
    settings["inferenceRouterServiceType"] = "LoadBalancer"
    answer = put(cluster).json()["error"]["target"]
    assert answer == "properties.configurationSettings.allowInsecureConnections"
    settings["allowInsecureConnections"] = "True"
    assert put(cluster).is_success
    told = sandbox.arm("GET", f"{clusters}/{cluster}/{extension}", version=EXTENSIONS).json()
    assert told["properties"]["provisioningState"] == "Succeeded"
    assert told["properties"]["aksAssignedIdentity"]["principalId"]
    assert "secret" not in str(told)


def test_a_cluster_goes_with_its_pools_and_extensions(
    clients: Clients, group: str, cluster: str
) -> None:
    clients.kubernetes.managed_clusters.begin_delete(group, cluster).result()
    with pytest.raises(ResourceNotFoundError):
        clients.kubernetes.agent_pools.get(group, cluster, "system")

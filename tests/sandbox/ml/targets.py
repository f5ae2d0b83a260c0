"""What a workspace attaches: made by plain ARM requests, as little of each as it takes."""

from __future__ import annotations

from typing import Any

from tests.sandbox.conftest import Place, RunningSandbox, wait_until

ML = "2025-12-01"


def put(sandbox: RunningSandbox, path: str, version: str, body: dict[str, Any]) -> str:
    """Put a resource, wait until it is there; its id."""
    answer = sandbox.arm("PUT", path, {"location": "eastus", **body}, version=version)
    assert answer.is_success, answer.text

    def state() -> str:
        found = sandbox.arm("GET", path, version=version).json()
        return str(found["properties"].get("provisioningState"))

    wait_until(lambda: state() == "Succeeded", what=path)
    return path


def providers(place: Place) -> str:
    return f"/subscriptions/{place.subscription}/resourceGroups/{place.group}/providers"


def kubernetes(
    sandbox: RunningSandbox, place: Place, name: str, *, extension: bool = True, **more: Any
) -> str:
    """A cluster of Azure Kubernetes Service, with the extension or without."""
    cluster = put(
        sandbox,
        f"{providers(place)}/Microsoft.ContainerService/managedClusters/{name}",
        "2025-09-01",
        {
            "identity": {"type": "SystemAssigned"},
            "properties": {
                "dnsPrefix": name,
                **more,
                "agentPoolProfiles": [
                    {"name": "system", "mode": "System", "count": 1, "vmSize": "Standard_DS3_v2"}
                ],
            },
        },
    )
    if extension:
        install(sandbox, cluster)
    return cluster


def install(sandbox: RunningSandbox, cluster: str) -> str:
    """The extension without which a cluster cannot be attached."""
    settings = {
        "enableTraining": "True",
        "enableInference": "True",
        "inferenceRouterServiceType": "LoadBalancer",
        "allowInsecureConnections": "True",
    }
    return put(
        sandbox,
        f"{cluster}/providers/Microsoft.KubernetesConfiguration/extensions/azureml",
        "2023-05-01",
        {
            "identity": {"type": "SystemAssigned"},
            "properties": {
                "extensionType": "Microsoft.AzureML.Kubernetes",
                "configurationSettings": settings,
            },
        },
    )


def databricks(sandbox: RunningSandbox, place: Place, name: str) -> str:
    group = f"/subscriptions/{place.subscription}/resourceGroups/rg-{name}-managed"
    return put(
        sandbox,
        f"{providers(place)}/Microsoft.Databricks/workspaces/{name}",
        "2024-05-01",
        {
            "sku": {"name": "premium"},
            "properties": {"computeMode": "Hybrid", "managedResourceGroupId": group},
        },
    )


def hdinsight(sandbox: RunningSandbox, place: Place, name: str) -> str:
    role = {"name": "headnode", "targetInstanceCount": 2}
    return put(
        sandbox,
        f"{providers(place)}/Microsoft.HDInsight/clusters/{name}",
        "2021-06-01",
        {
            "properties": {
                "clusterVersion": "5.1",
                "osType": "Linux",
                "clusterDefinition": {"kind": "Spark"},
                "computeProfile": {"roles": [role]},
            }
        },
    )


def spark(sandbox: RunningSandbox, place: Place, name: str) -> str:
    workspace = put(
        sandbox,
        f"{providers(place)}/Microsoft.Synapse/workspaces/{name}",
        "2021-06-01",
        {
            "identity": {"type": "SystemAssigned"},
            "properties": {
                "defaultDataLakeStorage": {
                    "accountUrl": f"https://{place.storage}.dfs.core.windows.net",
                    "filesystem": "synapse",
                }
            },
        },
    )
    return put(
        sandbox,
        f"{workspace}/bigDataPools/pool",
        "2021-06-01",
        {"properties": {"nodeCount": 3, "nodeSize": "Small", "sparkVersion": "3.4"}},
    )

"""Databricks, HDInsight and Synapse, through the official clients: as far as they are attached."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.sandbox.resources.conftest import Clients, code


def test_a_databricks_workspace_has_an_address(clients: Clients, group: str, unique: str) -> None:
    workspaces = clients.databricks.workspaces
    managed = f"/subscriptions/{clients.sandbox.subscription}/resourceGroups/rg-{unique}"
    body: dict[str, Any] = {
        "location": "eastus",
        "sku": {"name": "premium"},
        "properties": {"computeMode": "Hybrid", "managedResourceGroupId": managed},
    }
    made = workspaces.begin_create_or_update(group, f"dbw-{unique}", body).result()
    assert made.properties.workspace_url.startswith(f"adb-{made.properties.workspace_id}.")
    body["properties"]["managedResourceGroupId"] = made.id
    with pytest.raises(HttpResponseError) as refused:
        workspaces.begin_create_or_update(group, f"dbw2-{unique}", body).result()
    assert refused.value.status_code == 400
    workspaces.begin_delete(group, f"dbw-{unique}").result()
    with pytest.raises(ResourceNotFoundError):
        workspaces.get(group, f"dbw-{unique}")


def test_a_cluster_of_hdinsight_keeps_its_password(
    clients: Clients, group: str, unique: str
) -> None:
    clusters, name = clients.hdinsight.clusters, f"hdi{unique}"
    gateway = {"restAuthCredential.password": "pass phrase"}
    body: dict[str, Any] = {
        "location": "eastus",
        "properties": {
            "clusterVersion": "5.1",
            "osType": "Linux",
            "clusterDefinition": {"kind": "Spark", "configurations": {"gateway": gateway}},
            "computeProfile": {"roles": [{"name": "headnode", "targetInstanceCount": 2}]},
        },
    }
    clusters.begin_create(group, name, body).result()
    found = clusters.get(group, name)
    assert found.properties.cluster_state == "Running"
    assert found.properties.connectivity_endpoints[0].location == f"{name}-ssh.azurehdinsight.net"
    assert "pass phrase" not in str(found.as_dict())


def test_a_spark_pool_lies_in_a_workspace(clients: Clients, group: str, unique: str) -> None:
    name = f"syn{unique}"
    pool = {"location": "eastus", "nodeSize": "Small", "nodeCount": 3, "sparkVersion": "3.4"}
    with pytest.raises(HttpResponseError) as refused:
        clients.synapse.big_data_pools.begin_create_or_update(group, name, "pool", pool).result()
    assert code(refused) == (404, "ParentResourceNotFound")
    workspace = {
        "location": "eastus",
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "defaultDataLakeStorage": {"accountUrl": "https://st.dfs.core.windows.net"},
            "sqlAdministratorLoginPassword": "pass phrase",
        },
    }
    made = clients.synapse.workspaces.begin_create_or_update(group, name, workspace).result()
    assert made.connectivity_endpoints["dev"] == f"https://{name}.dev.azuresynapse.net"
    assert made.sql_administrator_login_password is None
    for wanted, expected in (
        ({"location": "eastus", "properties": {"nodeSize": "Small"}}, 400),
        ({"location": "eastus", "properties": {"nodeSize": "Small", "nodeCount": 3}}, 0),
    ):
        path = f"{made.id}/bigDataPools/pool"
        answer = clients.sandbox.arm("PUT", path, wanted, version="2021-06-01")
        assert answer.status_code == expected or (not expected and answer.is_success)
    assert clients.synapse.big_data_pools.get(group, name, "pool").spark_version == "3.4"

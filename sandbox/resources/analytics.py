"""Databricks, HDInsight and Synapse, as far as a workspace attaches them: they are there."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import invalid
from sandbox.arm.ids import GROUP, ResourceId
from sandbox.arm.resource import Resource
from sandbox.arm.types import Body, Change, ResourceType
from sandbox.arm.writes import dig

if TYPE_CHECKING:
    from sandbox.azure import Azure

DATABRICKS = "Microsoft.Databricks/workspaces"
HDINSIGHT = "Microsoft.HDInsight/clusters"
SYNAPSE = "Microsoft.Synapse/workspaces"
SPARK_POOLS = f"{SYNAPSE}/bigDataPools"


def _number(resource: Resource) -> int:
    """The same for the same id, 16 digits."""
    digest = int(hashlib.sha256(resource.id.key.encode()).hexdigest(), 16)
    return 10**15 + digest % (9 * 10**15)


def _prepare_databricks(_azure: Azure, change: Change) -> None:
    workspace = change.resource
    managed = workspace.properties.get("managedResourceGroupId")
    if managed and ResourceId.parse(managed).type != GROUP:
        raise invalid(f"'{managed}' is no resource group.", "properties.managedResourceGroupId")
    workspace.body["sku"] = workspace.body.get("sku") or {"name": "standard"}
    number = _number(workspace)
    workspace.properties["workspaceId"] = str(number)
    host = f"adb-{number}.{number % 20}.azuredatabricks.net"
    workspace.properties["workspaceUrl"] = host


def _prepare_hdinsight(_azure: Azure, change: Change) -> None:
    cluster, properties = change.resource, change.resource.properties
    for name in ("clusterDefinition", "computeProfile"):
        if not properties.get(name):
            raise invalid(f"A cluster needs '{name}'.", f"properties.{name}")
    configurations = properties["clusterDefinition"].get("configurations")
    if isinstance(configurations, dict):
        # It holds the gateway's password, which is never answered.
        cluster.private["configurations"] = properties["clusterDefinition"].pop("configurations")
    for role in properties["computeProfile"].get("roles") or []:
        linux = dig(role, "osProfile.linuxOperatingSystemProfile") or {}
        linux.pop("password", None)
    properties["clusterState"] = "Running"
    properties["connectivityEndpoints"] = [
        {
            "name": name,
            "protocol": protocol,
            "location": f"{cluster.name}{suffix}.azurehdinsight.net",
            "port": port,
        }
        for name, protocol, suffix, port in (
            ("SSH", "TCP", "-ssh", 22),
            ("HTTPS", "TCP", "", 443),
        )
    ]


def _prepare_synapse(_azure: Azure, change: Change) -> None:
    workspace, properties = change.resource, change.resource.properties
    if not workspace.body.get("identity"):
        raise invalid("A Synapse workspace needs an identity.", "identity")
    if not dig(properties, "defaultDataLakeStorage.accountUrl"):
        raise invalid(
            "A Synapse workspace needs Data Lake Storage.",
            "properties.defaultDataLakeStorage.accountUrl",
        )
    password = properties.pop("sqlAdministratorLoginPassword", None)
    if password:
        workspace.private["password"] = password


def _view_synapse(_azure: Azure, workspace: Resource, body: Body) -> None:
    name = workspace.name
    body["properties"]["connectivityEndpoints"] = {
        "web": f"https://web.azuresynapse.net?workspace={workspace.id}",
        "dev": f"https://{name}.dev.azuresynapse.net",
        "sql": f"{name}.sql.azuresynapse.net",
        "sqlOnDemand": f"{name}-ondemand.sql.azuresynapse.net",
    }


def _prepare_pool(_azure: Azure, change: Change) -> None:
    pool = change.resource
    properties: dict[str, Any] = pool.properties
    scale = properties.get("autoScale") or {}
    if not scale.get("enabled") and not properties.get("nodeCount"):
        raise invalid("A pool needs a number of nodes, or to scale.", "properties.nodeCount")
    properties.setdefault("nodeSize", "Small")
    properties.setdefault("nodeSizeFamily", "MemoryOptimized")
    properties.setdefault("sparkVersion", "3.4")


TYPES = [
    ResourceType(DATABRICKS, tracked=True, prepare=_prepare_databricks),
    ResourceType(
        HDINSIGHT,
        tracked=True,
        create_status=200,
        unique="ClusterNameAlreadyExists",
        prepare=_prepare_hdinsight,
    ),
    ResourceType(
        SYNAPSE,
        tracked=True,
        unique="WorkspaceNameExists",
        prepare=_prepare_synapse,
        view=_view_synapse,
    ),
    ResourceType(SPARK_POOLS, tracked=True, prepare=_prepare_pool),
]

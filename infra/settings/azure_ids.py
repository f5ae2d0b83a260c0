"""Ids of Azure resources in settings: of one type each; a wrong one is seen before planning."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator


def azure_id(type_: str) -> AfterValidator:
    """Takes ids of a resource type in a resource group: `Microsoft.Network/virtualNetworks`."""
    namespace, *kinds = type_.split("/")
    path = "".join(f"/{kind}/[^/]+" for kind in kinds)
    pattern = rf"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/{re.escape(namespace)}{path}"
    example = "".join(f"/{kind}/NAME" for kind in kinds)

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value, re.IGNORECASE):
            raise ValueError(
                "allowed is an id as "
                f"/subscriptions/ID/resourceGroups/NAME/providers/{namespace}{example}"
            )
        return value

    return AfterValidator(check)


SubnetId = Annotated[str, azure_id("Microsoft.Network/virtualNetworks/subnets")]
KubernetesId = Annotated[str, azure_id("Microsoft.ContainerService/managedClusters")]
VirtualMachineId = Annotated[str, azure_id("Microsoft.Compute/virtualMachines")]
DatabricksId = Annotated[str, azure_id("Microsoft.Databricks/workspaces")]
HDInsightId = Annotated[str, azure_id("Microsoft.HDInsight/clusters")]
SparkPoolId = Annotated[str, azure_id("Microsoft.Synapse/workspaces/bigDataPools")]

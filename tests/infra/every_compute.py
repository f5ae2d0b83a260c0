"""Settings of computes that use every option, and those that no test of one option can share."""

from __future__ import annotations

import base64
from typing import Any

SUBSCRIPTION = "0f0e0d0c-0b0a-4908-8706-050403020100"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-theirs/providers"
SUBNET = f"{GROUP}/Microsoft.Network/virtualNetworks/vnet/subnets/compute"
AKS = f"{GROUP}/Microsoft.ContainerService/managedClusters/aks-theirs"
MACHINE = f"{GROUP}/Microsoft.Compute/virtualMachines/vm-theirs"
DATABRICKS = f"{GROUP}/Microsoft.Databricks/workspaces/dbw-theirs"
HDINSIGHT = f"{GROUP}/Microsoft.HDInsight/clusters/hdi-theirs"
SPARK = f"{GROUP}/Microsoft.Synapse/workspaces/syn-theirs/bigDataPools/spark"

_BLOB = b"\x00\x00\x00\x07ssh-rsa" + bytes(range(64))
PUBLIC_KEY = f"ssh-rsa {base64.b64encode(_BLOB).decode()} me@here"

INSTANCES: dict[str, Any] = {
    "workstation": {
        "assigned_user": SUBSCRIPTION,
        "ssh": {"public_key": PUBLIC_KEY},
        "setup": {
            "creation": {"file": "Pulumi.yaml", "arguments": "--quiet", "timeout": "20m"},
            "start": {"text": "echo started"},
        },
        "schedules": {
            "evening": {
                "action": "stop",
                "cron": "0 19 * * 1-5",
                "time_zone": "Korea Standard Time",
            },
            "morning": {"action": "start", "every": "week", "weekdays": ["monday"], "at": "08:30"},
        },
    },
    "shared-one": {"applications": "shared", "identity": "system", "idle": "3d"},
}
CLUSTERS: dict[str, Any] = {
    "cpu-cluster": {},
    "gpu-cluster": {"priority": "low", "public_ip": False, "subnet": SUBNET},
    "debug": {
        "ssh": {"user": "azureuser", "public_key": PUBLIC_KEY},
        "identity": "system",
        "isolated": True,
    },
    "bare": {"identity": "none"},
}

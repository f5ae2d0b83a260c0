"""Computes that use every option: their settings, and what the program registers for them."""

from __future__ import annotations

import base64
from typing import Any

from pulumi.runtime.rpc import _special_sig_key

from tests.infra.mocks import Plan, plan, settings

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

KUBERNETES: dict[str, Any] = {
    "inference": {
        "create": {
            "version": "1.33",
            "tier": "standard",
            "pools": {
                "system": {"mode": "system", "max": 3},
                "spot": {"priority": "low", "min": 0, "labels": {"purpose": "training"}},
            },
            "admins": [SUBSCRIPTION],
            "authorized_ips": ["203.0.113.0/24"],
        },
        "tls": {"secret": "certificate", "host": "models.example.com"},
        "instance_types": {
            "small": {"cpu": "1", "memory": "2Gi"},
            "gpu": {"cpu": "4", "memory": "16Gi", "gpu": 1, "nodes": {"purpose": "training"}},
        },
        "default_instance_type": "small",
    },
    "theirs": {"existing": AKS, "namespace": "learning"},
}
KEY = {"secret": "vm-key"}
ATTACHED: dict[str, Any] = {
    "box": {
        "kind": "virtual-machine",
        "create": {"public_ip": True},
        "public_key": PUBLIC_KEY,
        "private_key": KEY,
    },
    "found": {"kind": "virtual-machine", "existing": MACHINE, "private_key": KEY},
    "anywhere": {
        "kind": "virtual-machine",
        "address": "10.1.2.3",
        "port": 2222,
        "user": "me",
        "private_key": {"secret": "their-key", "vault": "kv-theirs"},
    },
    "bricks": {"kind": "databricks", "existing": DATABRICKS, "token": {"secret": "dapi"}},
    "hadoop": {"kind": "hdinsight", "existing": HDINSIGHT, "password": {"secret": "hdi"}},
    "spark": {"kind": "synapse-spark", "existing": SPARK},
}


def plan_every_compute() -> Plan:
    """All of them, planned."""
    return plan(
        settings(instances=INSTANCES, clusters=CLUSTERS, kubernetes=KUBERNETES, attached=ATTACHED)
    )


def compute(planned: Plan, name: str) -> dict[str, Any]:
    """The properties of a compute, by the name that its resource has in Pulumi."""
    given = planned.resources[name].inputs["properties"]
    found: dict[str, Any] = given["value"] if _special_sig_key in given else given
    return found

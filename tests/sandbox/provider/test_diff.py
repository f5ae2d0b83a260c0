"""What counts as a change, and which change replaces a resource."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.provider.diff import differences
from sandbox.provider.table import resource_type
from sandbox.provider.values import UNKNOWN

SUBNET = "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets/"


def diff(token: str, old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str, bool]]:
    found = differences(resource_type(f"azure-native:{token}"), old, new)
    return [(change.path, change.kind, change.replaces) for change in found]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"tags": {"a": "1"}}, {"tags": {"a": "2"}}, [("tags.a", "update", False)]),
        ({"tags": {"a.b": "1"}}, {"tags": {}}, [("tags", "delete", False)]),
        ({"tags": {"x": "1"}}, {"tags": {"x": "1", "a.b": "1"}}, [('tags["a.b"]', "add", False)]),
        ({"accountName": "a"}, {"accountName": "b"}, [("accountName", "update", True)]),
        ({"location": "East US"}, {"location": "eastus"}, []),
        ({"location": "eastus"}, {"location": "westus"}, [("location", "update", True)]),
        ({}, {"isHnsEnabled": False}, []),
        ({}, {"isHnsEnabled": True}, [("isHnsEnabled", "add", True)]),
        ({"kind": "StorageV2"}, {"kind": UNKNOWN}, [("kind", "update", False)]),
        ({"accountName": "a"}, {"accountName": UNKNOWN}, [("accountName", "update", True)]),
        ({"__createBeforeDelete": True}, {}, []),
    ],
)
def test_storage_accounts(old: dict[str, Any], new: dict[str, Any], expected: Any) -> None:
    assert diff("storage:StorageAccount", old, new) == expected


def test_the_order_of_a_set_means_nothing() -> None:
    def rules(*names: str) -> dict[str, Any]:
        rules = [{"virtualNetworkResourceId": SUBNET + name, "action": "Allow"} for name in names]
        return {"networkRuleSet": {"defaultAction": "Deny", "virtualNetworkRules": rules}}

    token = "storage:StorageAccount"
    assert not diff(token, rules("a", "b"), rules("b", "a"))
    assert [change[1:] for change in diff(token, rules("a"), rules("a", "b"))] == [("add", False)]


def test_ids_are_compared_without_case() -> None:
    assert not diff("storage:StorageAccount", {"x": SUBNET + "A"}, {"x": SUBNET.upper() + "a"})
    identity = {"type": "UserAssigned", "userAssignedIdentities": [SUBNET + "a", SUBNET + "b"]}
    turned = {**identity, "userAssignedIdentities": [SUBNET + "B", SUBNET + "a"]}
    assert not diff("storage:StorageAccount", {"identity": identity}, {"identity": turned})


def test_a_change_below_a_create_only_input_replaces() -> None:
    token = "machinelearningservices:Datastore"
    old = {"properties": {"datastoreType": "AzureBlob", "accountName": "a", "description": "x"}}
    new = {"properties": {"datastoreType": "AzureBlob", "accountName": "b", "description": "y"}}
    assert diff(token, old, new) == [
        ("properties.accountName", "update", True),
        ("properties.description", "update", False),
    ]


def test_a_cluster_grows_in_place() -> None:
    def cluster(most: int) -> dict[str, Any]:
        settings = {"scaleSettings": {"maxNodeCount": most}}
        return {"properties": {"computeType": "AmlCompute", "properties": settings}}

    assert diff("machinelearningservices:Compute", cluster(2), cluster(4)) == [
        ("properties.properties.scaleSettings.maxNodeCount", "update", False)
    ]

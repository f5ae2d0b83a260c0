"""Cores: limits, use, and sizes on offer, of Azure Machine Learning and of virtual machines."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from azure.ai.ml.entities import AmlCompute, ComputeInstance
from azure.core.exceptions import HttpResponseError
from azure.mgmt.compute import ComputeManagementClient

from tests.sandbox.conftest import Place, RunningSandbox, wait_until

FAMILY = "standardFSv2Family"


def usages(sandbox: RunningSandbox, region: str = "eastus") -> dict[str, tuple[int, int]]:
    """Name -> in use, limit."""
    path = f"{root(sandbox, region)}/usages"
    rows = sandbox.arm("GET", path, version="2025-12-01").json()["value"]
    return {row["name"]["value"]: (row["currentValue"], row["limit"]) for row in rows}


def root(sandbox: RunningSandbox, region: str = "eastus") -> str:
    service = "Microsoft.MachineLearningServices"
    return f"/subscriptions/{sandbox.subscription}/providers/{service}/locations/{region}"


def change(sandbox: RunningSandbox, name: str, cores: int, region: str) -> Any:
    path = f"{root(sandbox, region)}/providers/Microsoft.Quota/quotas/{name}"
    limit = {"limitObjectType": "LimitValue", "value": cores}
    body = {"properties": {"limit": limit, "name": {"value": name}}}
    return sandbox.arm("PUT", path, body, version="2023-02-01")


def test_nodes_and_instances_count_against_their_family(
    sandbox: RunningSandbox, workspace: Place, ml: Any
) -> None:
    before = usages(sandbox)[FAMILY][0]
    total = usages(sandbox)["TotalDedicatedCores"][0]
    cluster, instance = (f"c-{uuid.uuid4().hex[:8]}" for _ in range(2))
    ml.compute.begin_create_or_update(
        AmlCompute(name=cluster, size="Standard_F4s_v2", min_instances=2, max_instances=5)
    ).result()
    ml.compute.begin_create_or_update(
        ComputeInstance(name=instance, size="Standard_F4s_v2")
    ).result()
    wait_until(lambda: usages(sandbox)[FAMILY][0] == before + 12, what="two nodes, one instance")
    assert usages(sandbox)["TotalDedicatedCores"][0] >= total + 12
    ml.compute.begin_stop(instance).wait()
    assert usages(sandbox)[FAMILY][0] == before + 12, "a stopped instance keeps its cores"
    ml.compute.begin_delete(instance).wait()
    ml.compute.begin_delete(cluster).wait()
    wait_until(lambda: usages(sandbox)[FAMILY][0] == before, what="all given back")


def test_low_priority_has_a_total_of_its_own(
    sandbox: RunningSandbox, workspace: Place, ml: Any
) -> None:
    before = usages(sandbox)
    name = f"c-{uuid.uuid4().hex[:8]}"
    ml.compute.begin_create_or_update(
        AmlCompute(name=name, size="Standard_F8s_v2", tier="low_priority", min_instances=1)
    ).result()

    def low() -> int:
        return usages(sandbox)["TotalLowPriorityCores"][0]

    wait_until(lambda: low() == before["TotalLowPriorityCores"][0] + 8, what="one node")
    assert usages(sandbox)[FAMILY] == before[FAMILY]
    ml.compute.begin_delete(name).wait()


def test_the_official_client_lists_usage_and_sizes(ml: Any) -> None:
    usage = {row.name["value"]: row for row in ml.compute.list_usage(location="eastus")}
    assert usage[FAMILY].name["localizedValue"] == "Standard FSv2 Family Cluster Dedicated vCPUs"
    assert usage[FAMILY].unit == "Count"
    there = [size.name for size in ml.compute.list_sizes(location="eastus")]
    elsewhere = [size.name for size in ml.compute.list_sizes(location="koreacentral")]
    assert "Standard_NC24ads_A100_v4" in there
    assert "Standard_NC24ads_A100_v4" not in elsewhere
    assert "Standard_DS3_v2" in elsewhere


def test_a_limit_is_of_one_region_and_may_be_changed(sandbox: RunningSandbox) -> None:
    assert change(sandbox, FAMILY, 24, "westus3").json()["properties"]["limit"]["value"] == 24
    assert usages(sandbox, "westus3")[FAMILY] == (0, 24)
    assert usages(sandbox, "eastus")[FAMILY][1] == 100
    path = f"{root(sandbox, 'westus3')}/quotas"
    rows = sandbox.arm("GET", path, version="2025-12-01").json()["value"]
    assert {row["name"]["value"]: row["limit"] for row in rows}[FAMILY] == 24
    bad = sandbox.arm(
        "PUT",
        f"{root(sandbox)}/providers/Microsoft.Quota/quotas/{FAMILY}",
        {"properties": {"limit": {"value": "many"}}},
        version="2023-02-01",
    )
    assert bad.status_code == 400


def test_usage_and_sizes_of_virtual_machines(sandbox: RunningSandbox) -> None:
    client = ComputeManagementClient(sandbox.credential(), sandbox.subscription)
    usage = {row.name.value: row for row in client.usage.list("eastus")}
    assert (usage["cores"].limit, usage["standardDSv3Family"].limit) == (500, 100)
    assert usage["standardDSv3Family"].name.localized_value == "Standard DSv3 Family vCPUs"
    found = {sku.name: sku for sku in client.resource_skus.list(filter="location eq 'ukwest'")}
    everywhere = {region for sku in client.resource_skus.list() for region in sku.locations}
    assert {"ukwest", "eastus"} <= everywhere
    size = found["Standard_D4s_v3"]
    assert (size.family, size.locations) == ("standardDSv3Family", ["ukwest"])
    assert {item.name: item.value for item in size.capabilities}["vCPUs"] == "4"
    assert "Standard_NC4as_T4_v3" not in found


def refusal(ml: Any, compute: Any) -> str:
    with pytest.raises(HttpResponseError) as refused:
        ml.compute.begin_create_or_update(compute).result()
    assert refused.value.status_code == 400
    assert refused.value.error.code == "ClusterMinNodesExceedCoreQuota"
    return str(refused.value.error.message)


def test_what_does_not_fit_is_refused(sandbox: RunningSandbox, ml: Any) -> None:
    name = f"c-{uuid.uuid4().hex[:8]}"
    family, region = "standardESv3Family", "eastus"
    change(sandbox, family, 8, region)
    try:
        big = AmlCompute(name=name, size="Standard_E8s_v3", min_instances=2, max_instances=4)
        assert "Standard ESv3 family vCPU quota of 8" in refusal(ml, big)
        assert "2 requested managed compute nodes which maps to 16 vCPUs" in refusal(ml, big)
        # Without nodes there is room for one: that it may never have its maximum is no reason.
        later = AmlCompute(name=name, size="Standard_E8s_v3", min_instances=0, max_instances=4)
        ml.compute.begin_create_or_update(later).result()
        ml.compute.begin_create_or_update(
            ComputeInstance(name=f"{name}-i", size="Standard_E4s_v3")
        ).result()
        second = ComputeInstance(name=f"{name}-j", size="Standard_E8s_v3")
        assert "quota of 8" in refusal(ml, second), "four cores are in use"
        change(sandbox, family, 0, region)
        none = AmlCompute(name=f"{name}-n", size="Standard_E4s_v3", max_instances=1)
        assert "at least 1 requested managed compute node which" in refusal(ml, none)
        renamed = AmlCompute(name=name, size="Standard_E8s_v3", min_instances=0, max_instances=3)
        ml.compute.begin_create_or_update(renamed).result()
    finally:
        change(sandbox, family, 100, region)
        for made in (name, f"{name}-i"):
            ml.compute.begin_delete(made).wait()

"""Azure ML registries and batch endpoints, as ARM keeps them."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from azure.ai.ml import MLClient
from azure.ai.ml.entities import BatchEndpoint, Registry
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient

from tests.sandbox.conftest import RunningSandbox


@pytest.fixture
def client(sandbox: RunningSandbox, group: str) -> MLClient:
    return MLClient(sandbox.credential(), sandbox.subscription, group)


def wanted(name: str, *regions: str) -> dict[str, Any]:
    details = [
        {
            "location": region,
            "acrDetails": [{"systemCreatedAcrAccount": {"acrAccountSku": "Premium"}}],
            "storageAccountDetails": [
                {"systemCreatedStorageAccount": {"storageAccountType": "Standard_ZRS"}}
            ],
        }
        for region in regions
    ]
    return {
        "location": regions[0],
        "identity": {"type": "SystemAssigned"},
        "properties": {"regionDetails": details},
        "tags": {"owner": "me"},
    }


def path(sandbox: RunningSandbox, group: str, name: str) -> str:
    return (
        f"/subscriptions/{sandbox.subscription}/resourceGroups/{group}/providers/"
        f"Microsoft.MachineLearningServices/registries/{name}"
    )


def test_a_registry_brings_a_group_with_what_it_stands_on(
    sandbox: RunningSandbox, client: MLClient, group: str
) -> None:
    name = f"mlr-{uuid.uuid4().hex[:8]}"
    at = path(sandbox, group, name)
    made = sandbox.arm("PUT", at, wanted(name, "eastus", "westeurope"), version="2025-12-01")
    assert made.is_success, made.text
    found = client.registries.get(name)
    assert [region.location for region in found.replication_locations] == ["eastus", "westeurope"]
    properties = sandbox.arm("GET", at, version="2025-12-01").json()["properties"]
    managed = properties["managedResourceGroup"]["resourceId"].rsplit("/", 1)[1]
    resources = ResourceManagementClient(sandbox.credential(), sandbox.subscription)
    kinds = sorted(item.type for item in resources.resources.list_by_resource_group(managed))
    assert (
        kinds
        == ["Microsoft.ContainerRegistry/registries"] * 2
        + ["Microsoft.Storage/storageAccounts"] * 2
    )
    storage = StorageManagementClient(sandbox.credential(), sandbox.subscription)
    accounts = list(storage.storage_accounts.list_by_resource_group(managed))
    assert {account.sku.name for account in accounts} == {"Standard_ZRS"}
    assert accounts[0].tags == {"owner": "me"}
    client.registries.begin_delete(name=name).result()
    with pytest.raises(ResourceNotFoundError):
        client.registries.get(name)
    assert not resources.resource_groups.check_existence(managed)


def test_a_registry_sends_logs_and_has_no_metrics(sandbox: RunningSandbox, group: str) -> None:
    at = path(sandbox, group, f"mlr-{uuid.uuid4().hex[:8]}")
    assert sandbox.arm("PUT", at, wanted(at, "eastus"), version="2025-12-01").is_success
    found = sandbox.arm(
        "GET",
        f"{at}/providers/Microsoft.Insights/diagnosticSettingsCategories",
        version="2021-05-01-preview",
    ).json()["value"]
    assert {item["properties"]["categoryType"] for item in found} == {"Logs"}


def test_the_official_client_makes_a_registry(client: MLClient) -> None:
    name = f"mlr-{uuid.uuid4().hex[:8]}"
    client.registries.begin_create(
        Registry(name=name, location="eastus", replication_locations=[_region("eastus")])
    ).result()
    assert client.registries.get(name).location == "eastus"
    assert name in [item.name for item in client.registries.list()]


def _region(name: str) -> Any:
    from azure.ai.ml.constants._registry import StorageAccountType
    from azure.ai.ml.entities._registry.registry_support_classes import (
        RegistryRegionDetails,
        SystemCreatedStorageAccount,
    )

    storage = SystemCreatedStorageAccount(
        storage_account_hns=False, storage_account_type=StorageAccountType.STANDARD_LRS
    )
    return RegistryRegionDetails(location=name, storage_config=storage)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (wanted("x", "eastus") | {"location": "westeurope"}, "the registry's own region"),
        (wanted("x", "eastus", "eastus"), "stands twice"),
        ({"location": "eastus", "properties": {}}, "the registry's own region"),
    ],
)
def test_regions_that_make_no_sense_are_refused(
    sandbox: RunningSandbox, group: str, body: dict[str, Any], expected: str
) -> None:
    answer = sandbox.arm("PUT", path(sandbox, group, "mlr-x"), body, version="2025-12-01")
    assert answer.status_code == 400
    assert expected in answer.json()["error"]["message"]


def test_a_region_may_come_and_not_go(sandbox: RunningSandbox, group: str) -> None:
    name = f"mlr-{uuid.uuid4().hex[:8]}"
    at = path(sandbox, group, name)
    for regions in (["eastus"], ["eastus", "westeurope"]):
        answer = sandbox.arm("PUT", at, wanted(name, *regions), version="2025-12-01")
        assert answer.is_success, answer.text
    answer = sandbox.arm("PUT", at, wanted(name, "eastus"), version="2025-12-01")
    assert answer.status_code == 400
    assert "removeRegions" in answer.json()["error"]["message"]


def test_a_batch_endpoint_is_made_and_listed(ml: Any) -> None:
    name = f"batch-{uuid.uuid4().hex[:8]}"
    made = ml.batch_endpoints.begin_create_or_update(
        BatchEndpoint(name=name, description="nightly", tags={"a": "b"})
    ).result()
    assert made.scoring_uri.endswith("/jobs")
    assert name in [item.name for item in ml.batch_endpoints.list()]
    ml.batch_endpoints.begin_delete(name).result()
    with pytest.raises(HttpResponseError):
        ml.batch_endpoints.get(name)

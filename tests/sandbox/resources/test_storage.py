"""Storage accounts and containers."""

from __future__ import annotations

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobServiceClient

from tests.sandbox.resources.conftest import Clients, code

ACCOUNT = {"location": "eastus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}


def test_an_account_holds_blobs_by_key_until_the_key_is_made_anew(
    clients: Clients, group: str, unique: str
) -> None:
    accounts = clients.storage.storage_accounts
    account = accounts.begin_create(group, f"st{unique}", ACCOUNT).result()
    assert account.provisioning_state == "Succeeded"
    assert account.primary_endpoints.blob == f"https://st{unique}.blob.core.windows.net/"
    keys = [key["value"] for key in accounts.list_keys(group, account.name)["keys"]]
    with BlobServiceClient(account.primary_endpoints.blob, keys[0]) as service:
        blob = service.create_container("data").upload_blob("a.txt", b"hello")
        assert blob.download_blob().readall() == b"hello"
    fresh = accounts.regenerate_key(group, account.name, {"keyName": "key1"})["keys"][0]["value"]
    assert fresh not in keys
    with (
        BlobServiceClient(account.primary_endpoints.blob, keys[0]) as service,
        pytest.raises(ClientAuthenticationError),
    ):
        list(service.list_containers())
    with BlobServiceClient(account.primary_endpoints.blob, fresh) as service:
        assert [item.name for item in service.list_containers()] == ["data"]
    updated = accounts.update(group, account.name, {"tags": {"a": "b"}})
    assert updated.tags == {"a": "b"}
    accounts.delete(group, account.name)
    with pytest.raises(ResourceNotFoundError):
        accounts.get_properties(group, account.name)


def test_containers_of_arm_are_those_of_the_blob_service(
    clients: Clients, group: str, unique: str
) -> None:
    accounts, containers = clients.storage.storage_accounts, clients.storage.blob_containers
    accounts.begin_create(group, f"st{unique}", ACCOUNT).result()
    containers.create(group, f"st{unique}", "models", {})
    key = accounts.list_keys(group, f"st{unique}")["keys"][0]["value"]
    with BlobServiceClient(f"https://st{unique}.blob.core.windows.net/", key) as service:
        assert [item.name for item in service.list_containers()] == ["models"]
        assert containers.get(group, f"st{unique}", "models").name == "models"
        assert [item.name for item in containers.list(group, f"st{unique}")] == ["models"]
        containers.delete(group, f"st{unique}", "models")
        assert list(service.list_containers()) == []


def test_an_account_name_is_taken_once_in_the_cloud(
    clients: Clients, group: str, unique: str
) -> None:
    accounts = clients.storage.storage_accounts
    accounts.begin_create(group, f"st{unique}", ACCOUNT).result()
    other = f"rg-{unique}"
    clients.resources.resource_groups.create_or_update(other, {"location": "eastus"})
    with pytest.raises(HttpResponseError) as taken:
        accounts.begin_create(other, f"st{unique}", ACCOUNT)
    assert code(taken) == (409, "StorageAccountAlreadyTaken")
    clients.resources.resource_groups.begin_delete(other).result()


@pytest.mark.parametrize("name", ["ab", "With-Capitals", "under_score", "x" * 25])
def test_names_that_azure_refuses_are_refused(clients: Clients, group: str, name: str) -> None:
    path = (
        f"/subscriptions/{clients.sandbox.subscription}/resourceGroups/{group}/providers/"
        f"Microsoft.Storage/storageAccounts/{name}"
    )
    answer = clients.sandbox.arm("PUT", path, ACCOUNT, version="2023-01-01")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidResourceName")


def test_a_container_needs_its_account(clients: Clients, group: str, unique: str) -> None:
    with pytest.raises(ResourceNotFoundError) as missing:
        clients.storage.blob_containers.create(group, f"st{unique}", "models", {})
    assert code(missing) == (404, "ParentResourceNotFound")


def test_what_cannot_change_is_refused(clients: Clients, group: str, unique: str) -> None:
    accounts = clients.storage.storage_accounts
    gen2 = {**ACCOUNT, "properties": {"isHnsEnabled": True}}
    accounts.begin_create(group, f"st{unique}", gen2).result()
    flat = {**ACCOUNT, "properties": {"isHnsEnabled": False}}
    with pytest.raises(HttpResponseError) as refused:
        accounts.begin_create(group, f"st{unique}", flat)
    assert code(refused) == (400, "PropertyChangeNotAllowed")
    with pytest.raises(HttpResponseError) as moved:
        accounts.begin_create(group, f"st{unique}", {**gen2, "location": "westus"})
    assert code(moved) == (409, "InvalidResourceLocation")

"""Names that are taken once in all of Azure, asked for before they are taken."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.resources.conftest import Clients


def test_an_account_name(clients: Clients, group: str, unique: str) -> None:
    accounts, name = clients.storage.storage_accounts, f"st{unique}"
    asked = {"name": name, "type": "Microsoft.Storage/storageAccounts"}
    assert accounts.check_name_availability(asked).name_available
    body = {"location": "eastus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    accounts.begin_create(group, name, body).result()
    taken = accounts.check_name_availability(asked)
    assert (taken.name_available, taken.reason) == (False, "AlreadyExists")
    assert taken.message == f"The storage account named {name} is already taken."
    wrong = accounts.check_name_availability({**asked, "name": "No-Such"})
    assert (wrong.name_available, wrong.reason) == (False, "AccountNameInvalid")


def test_a_vault_name_is_taken_by_a_deleted_vault_too(
    clients: Clients, group: str, unique: str
) -> None:
    vaults, name = clients.vaults.vaults, f"kv-{unique}"
    asked = {"name": name, "type": "Microsoft.KeyVault/vaults"}
    assert vaults.check_name_availability(asked).name_available
    tenant = clients.sandbox.environment["AZURE_TENANT_ID"]
    body = {
        "location": "eastus",
        "properties": {"tenantId": tenant, "sku": {"name": "standard", "family": "A"}},
    }
    vaults.begin_create_or_update(group, name, body).result()
    assert vaults.check_name_availability(asked).reason == "AlreadyExists"
    vaults.delete(group, name)
    deleted = vaults.check_name_availability(asked)
    assert (deleted.name_available, deleted.reason) == (False, "AlreadyExists")
    assert "recently deleted but not purged" in deleted.message
    vaults.begin_purge_deleted(name, "eastus").result()
    assert vaults.check_name_availability(asked).name_available


@pytest.mark.parametrize(
    ("name", "available", "reason"), [("", True, None), ("no-hyphens", False, "Invalid")]
)
def test_a_registry_name(
    clients: Clients, unique: str, name: str, available: bool, reason: Any
) -> None:
    asked = {"name": name or f"cr{unique}", "type": "Microsoft.ContainerRegistry/registries"}
    answer = clients.registries.registries.check_name_availability(asked)
    assert (answer.name_available, answer.reason) == (available, reason)


def test_a_registry_name_that_is_taken(clients: Clients, group: str, unique: str) -> None:
    registries, name = clients.registries.registries, f"cr{unique}"
    body = {"location": "eastus", "sku": {"name": "Basic"}, "properties": {}}
    registries.begin_create(group, name, body).result()
    asked = {"name": name.upper(), "type": "Microsoft.ContainerRegistry/registries"}
    answer = registries.check_name_availability(asked)
    assert (answer.name_available, answer.reason) == (False, "AlreadyExists")

"""Key vaults: soft deletion, recovery, purge, protection."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.keyvault.secrets import SecretClient

from tests.sandbox.conftest import RunningSandbox
from tests.sandbox.resources.conftest import Clients, code


@pytest.fixture
def vault(sandbox: RunningSandbox) -> dict[str, Any]:
    properties = {
        "tenantId": sandbox.environment["AZURE_TENANT_ID"],
        "sku": {"family": "A", "name": "standard"},
        "enableRbacAuthorization": True,
        "softDeleteRetentionInDays": 7,
    }
    return {"location": "eastus", "properties": properties}


def test_a_deleted_vault_comes_back_with_its_secrets(
    sandbox: RunningSandbox, clients: Clients, group: str, unique: str, vault: dict[str, Any]
) -> None:
    vaults, name = clients.vaults.vaults, f"kv-{unique}"
    made = vaults.begin_create_or_update(group, name, vault).result()
    assert made.properties.vault_uri == f"https://{name}.vault.azure.net/"
    with SecretClient(made.properties.vault_uri, sandbox.credential()) as secrets:
        secrets.set_secret("word", "open sesame")
    born = vaults.get(group, name).system_data
    vaults.delete(group, name)
    with pytest.raises(ResourceNotFoundError):
        vaults.get(group, name)
    deleted = vaults.get_deleted(name, "eastus")
    assert deleted.properties.vault_id.endswith(name)
    left = deleted.properties.scheduled_purge_date - deleted.properties.deletion_date
    assert left == timedelta(days=7)
    assert name in [item.name for item in vaults.list_deleted()]
    with pytest.raises(HttpResponseError) as taken:
        vaults.begin_create_or_update(group, name, vault)
    assert code(taken) == (409, "ConflictError")
    recover = {**vault, "properties": {**vault["properties"], "createMode": "recover"}}
    vaults.begin_create_or_update(group, name, recover).result()
    with SecretClient(made.properties.vault_uri, sandbox.credential()) as secrets:
        assert secrets.get_secret("word").value == "open sesame"
    now = vaults.get(group, name).system_data
    assert (now.created_at, now.created_by) == (born.created_at, born.created_by)
    assert now.last_modified_at > born.last_modified_at


def test_a_purged_vault_is_gone_with_its_secrets(
    sandbox: RunningSandbox, clients: Clients, group: str, unique: str, vault: dict[str, Any]
) -> None:
    vaults, name = clients.vaults.vaults, f"kv-{unique}"
    vaults.begin_create_or_update(group, name, vault).result()
    with SecretClient(f"https://{name}.vault.azure.net/", sandbox.credential()) as secrets:
        secrets.set_secret("word", "open sesame")
    vaults.delete(group, name)
    vaults.begin_purge_deleted(name, "eastus").result()
    with pytest.raises(ResourceNotFoundError):
        vaults.get_deleted(name, "eastus")
    vaults.begin_create_or_update(group, name, vault).result()
    with SecretClient(f"https://{name}.vault.azure.net/", sandbox.credential()) as secrets:
        assert list(secrets.list_properties_of_secrets()) == []


def test_purge_protection_holds(
    clients: Clients, group: str, unique: str, vault: dict[str, Any]
) -> None:
    vaults, name = clients.vaults.vaults, f"kv-{unique}"
    protected = {**vault, "properties": {**vault["properties"], "enablePurgeProtection": True}}
    vaults.begin_create_or_update(group, name, protected).result()
    off = {**vault, "properties": {**vault["properties"], "enablePurgeProtection": False}}
    with pytest.raises(HttpResponseError):
        vaults.begin_create_or_update(group, name, off)
    vaults.delete(group, name)
    with pytest.raises(HttpResponseError) as refused:
        vaults.begin_purge_deleted(name, "eastus")
    assert refused.value.status_code == 409


def test_a_vault_of_another_tenant_is_refused(
    clients: Clients, group: str, unique: str, vault: dict[str, Any]
) -> None:
    vault["properties"]["tenantId"] = "00000000-0000-0000-0000-000000000001"
    with pytest.raises(HttpResponseError) as refused:
        clients.vaults.vaults.begin_create_or_update(group, f"kv-{unique}", vault)
    assert refused.value.status_code == 400


def test_a_stranger_sees_neither_resources_nor_deleted_vaults(
    sandbox: RunningSandbox, clients: Clients, group: str, unique: str, vault: dict[str, Any]
) -> None:
    root = f"/subscriptions/{sandbox.subscription}"
    stranger = sandbox.token(str(uuid.uuid4()))

    def seen(path: str, version: str, token: str | None = None) -> list[str]:
        listed = sandbox.arm("GET", f"{root}{path}", version=version, token=token).json()["value"]
        return [item["name"] for item in listed]

    name = f"kv-{unique}"
    clients.vaults.vaults.begin_create_or_update(group, name, vault).result()
    for path in ("/resources", f"/resourceGroups/{group}/resources"):
        assert name in seen(path, "2025-04-01")
        assert seen(path, "2025-04-01", stranger) == []
    clients.vaults.vaults.delete(group, name)
    deleted = "/providers/Microsoft.KeyVault/deletedVaults"
    assert name in seen(deleted, "2024-11-01")
    assert seen(deleted, "2024-11-01", stranger) == []
    one = f"{root}/providers/Microsoft.KeyVault/locations/eastus/deletedVaults/{name}"
    assert sandbox.arm("GET", one, version="2024-11-01").is_success
    assert sandbox.arm("GET", one, version="2024-11-01", token=stranger).status_code == 403
    clients.vaults.vaults.begin_purge_deleted(name, "eastus").result()

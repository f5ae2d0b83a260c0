"""Keys of a customer's: what storage, registry and workspace want of a key before they take it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from tests.sandbox.resources.conftest import Clients, code

CRYPTO_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"


@dataclass
class Keyed:
    clients: Clients
    group: str
    unique: str
    vault: str
    identity: Any

    def account(self, **changes: Any) -> dict[str, Any]:
        where = {"keyvaulturi": f"https://{self.vault}.vault.azure.net/", "keyname": "cmk"}
        return {
            "location": "eastus",
            "sku": {"name": "Standard_LRS"},
            "kind": "StorageV2",
            "identity": {
                "type": "UserAssigned",
                "userAssignedIdentities": {self.identity.id: {}},
            },
            "properties": {
                "encryption": {
                    "keySource": "Microsoft.Keyvault",
                    "keyvaultproperties": {**where, **changes},
                    "identity": {"userAssignedIdentity": self.identity.id},
                }
            },
        }

    def create(self, body: dict[str, Any]) -> Any:
        accounts = self.clients.storage.storage_accounts
        return accounts.begin_create(self.group, f"st{self.unique}", body).result()


def make(clients: Clients, group: str, unique: str, *, protected: bool, granted: bool) -> Keyed:
    vault = f"kv-{unique}"
    properties = {
        "tenantId": clients.sandbox.environment["AZURE_TENANT_ID"],
        "sku": {"name": "standard", "family": "A"},
        "enableRbacAuthorization": True,
        "softDeleteRetentionInDays": 7,
        **({"enablePurgeProtection": True} if protected else {}),
    }
    body = {"location": "eastus", "properties": properties}
    made = clients.vaults.vaults.begin_create_or_update(group, vault, body).result()
    key = {"properties": {"kty": "RSA", "keySize": 2048}}
    clients.vaults.keys.create_if_not_exist(group, vault, "cmk", key)
    identity = clients.identities.user_assigned_identities.create_or_update(
        group, f"id-{unique}", {"location": "eastus"}
    )
    if granted:
        role = (
            f"/subscriptions/{clients.sandbox.subscription}/providers/"
            f"Microsoft.Authorization/roleDefinitions/{CRYPTO_USER}"
        )
        grant = {
            "properties": {
                "roleDefinitionId": role,
                "principalId": identity.principal_id,
                "principalType": "ServicePrincipal",
            }
        }
        clients.roles.role_assignments.create(made.id, str(uuid.uuid4()), grant)
    return Keyed(clients, group, unique, vault, identity)


def test_an_account_takes_a_key_that_its_identity_may_wrap_with(
    clients: Clients, group: str, unique: str
) -> None:
    keyed = make(clients, group, unique, protected=True, granted=True)
    account = keyed.create(keyed.account())
    assert account.encryption.key_vault_properties.key_name == "cmk"


def test_a_key_that_is_not_there_is_refused(clients: Clients, group: str, unique: str) -> None:
    keyed = make(clients, group, unique, protected=True, granted=True)
    with pytest.raises(HttpResponseError) as refused:
        keyed.create(keyed.account(keyname="other"))
    assert code(refused) == (400, "KeyVaultKeyNotFound")


def test_an_identity_without_the_role_is_refused(clients: Clients, group: str, unique: str) -> None:
    keyed = make(clients, group, unique, protected=True, granted=False)
    with pytest.raises(HttpResponseError) as refused:
        keyed.create(keyed.account())
    assert code(refused) == (403, "AuthorizationFailed")


def test_an_identity_that_the_account_has_not_is_refused(
    clients: Clients, group: str, unique: str
) -> None:
    keyed = make(clients, group, unique, protected=True, granted=True)
    body = keyed.account()
    body["properties"]["encryption"]["identity"]["userAssignedIdentity"] += "x"
    with pytest.raises(HttpResponseError) as refused:
        keyed.create(body)
    assert code(refused) == (400, "EncryptionIdentityNotFound")


def test_a_vault_that_can_be_purged_is_refused(clients: Clients, group: str, unique: str) -> None:
    keyed = make(clients, group, unique, protected=False, granted=True)
    with pytest.raises(HttpResponseError) as refused:
        keyed.create(keyed.account())
    assert code(refused) == (400, "KeyVaultPurgeProtectionRequired")

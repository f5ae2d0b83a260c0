"""A team's backend for Pulumi in Azure: an account for the state, a key for the secrets in it.

Every step may run again: what is there is left, or brought to what is said here.
"""

from __future__ import annotations

import base64
import hashlib
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from ops.arm import Arm
from ops.failure import Failure, explain
from ops.identity import Principal
from ops.screen import step

CONTAINER, KEY, LOCK = "pulumi", "pulumi", "amlops-state"
KEPT_DAYS = 90
"""How long a deleted state, or a deleted vault, can be brought back."""
ROLES = {
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Key Vault Crypto User": "12338af0-0e69-4776-bea7-57ae8d297424",
}
"""What reading and writing state takes, and encrypting its secrets: each at its own resource."""
PATIENCE, PAUSE = 300.0, 3.0
"""Seconds until new role assignments must be seen, and between two looks."""
_NAMESPACE = uuid.UUID("2f0d8a64-3b0e-5c1c-9c0e-6a5f0f6f9f21")
"""Of the names of role assignments, so that the same grant is the same assignment."""


@dataclass(frozen=True)
class Backend:
    """Names; those of account and vault are unique in Azure by a digest of where they are."""

    subscription: str
    group: str
    location: str

    @property
    def _suffix(self) -> str:
        digest = hashlib.sha256(f"{self.subscription}/{self.group}".lower().encode()).digest()
        return base64.b32encode(digest).decode().lower()[:8]

    @property
    def account(self) -> str:
        return f"stpulumi{self._suffix}"

    @property
    def vault(self) -> str:
        return f"kv-pulumi-{self._suffix}"

    @property
    def url(self) -> str:
        """`PULUMI_BACKEND_URL`."""
        return f"azblob://{CONTAINER}?storage_account={self.account}"

    @property
    def secrets_provider(self) -> str:
        return f"azurekeyvault://{self.vault}.vault.azure.net/keys/{KEY}"

    @property
    def root(self) -> str:
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"

    @property
    def account_id(self) -> str:
        return f"{self.root}/providers/Microsoft.Storage/storageAccounts/{self.account}"

    @property
    def vault_id(self) -> str:
        return f"{self.root}/providers/Microsoft.KeyVault/vaults/{self.vault}"

    def data(self) -> dict[str, Any]:
        names = {"account": self.account, "container": CONTAINER, "vault": self.vault, "key": KEY}
        return {
            **asdict(self),
            **names,
            "backend": self.url,
            "secrets_provider": self.secrets_provider,
        }


def bootstrap(arm: Arm, who: Principal, backend: Backend, redundancy: str) -> None:
    """Make what is missing, and wait until the caller can use it. Raises `Failure`."""
    from azure.core.exceptions import AzureError

    try:
        with step(f"resource group {backend.group}"):
            _group(arm, backend)
        with step(f"storage account {backend.account} with container {CONTAINER}"):
            _account(arm, backend, redundancy)
        with step(f"vault {backend.vault} with key {KEY}"):
            _vault(arm, who, backend)
        with step("roles, and a lock against deletion"):
            _grant(arm, who, backend.account_id, "Storage Blob Data Contributor")
            _grant(arm, who, backend.vault_id, "Key Vault Crypto User")
            _lock(arm, backend)
        with step("waiting until the roles are seen"):
            until(lambda: reads_state(arm, backend), f"container {CONTAINER} can be listed")
            until(lambda: _encrypts(arm, backend), f"key {KEY} can be used")
    except AzureError as error:
        raise explain(error) from None


def _group(arm: Arm, backend: Backend) -> None:
    found = arm.get(backend.root, "2025-04-01")
    if found is None:
        body = {"location": backend.location, "tags": {"purpose": "pulumi-state"}}
        arm.put(backend.root, "2025-04-01", body)
    elif str(found["location"]).lower() != backend.location.lower():
        raise Failure(
            f"The resource group '{backend.group}' is in {found['location']}, not in "
            f"{backend.location}. Run: amlops bootstrap --location {found['location']}"
        )


def _account(arm: Arm, backend: Backend, redundancy: str) -> None:
    """Without keys, so that every access is somebody's; with versions, so that no state is lost."""
    body = {
        "location": backend.location,
        "kind": "StorageV2",
        "sku": {"name": f"Standard_{redundancy}"},
        "properties": {
            "allowSharedKeyAccess": False,
            "allowBlobPublicAccess": False,
            "allowCrossTenantReplication": False,
            "defaultToOAuthAuthentication": True,
            "minimumTlsVersion": "TLS1_2",
            "supportsHttpsTrafficOnly": True,
        },
    }
    arm.create(backend.account_id, "2024-01-01", body)
    service = f"{backend.account_id}/blobServices/default"
    kept = {"enabled": True, "days": KEPT_DAYS}
    arm.put(
        service,
        "2024-01-01",
        {
            "properties": {
                "isVersioningEnabled": True,
                "deleteRetentionPolicy": kept,
                "containerDeleteRetentionPolicy": kept,
            }
        },
    )
    container = {"properties": {"publicAccess": "None"}}
    arm.put(f"{service}/containers/{CONTAINER}", "2024-01-01", container)


def _vault(arm: Arm, who: Principal, backend: Backend) -> None:
    """Protected against purge: without the key no secret in any state can be read again."""
    location = f"{arm.root}/providers/Microsoft.KeyVault/locations/{backend.location}"
    deleted = arm.get(f"{location}/deletedVaults/{backend.vault}", "2024-11-01")
    body = {
        "location": backend.location,
        "properties": {
            "tenantId": who.tenant,
            "sku": {"family": "A", "name": "standard"},
            "enableRbacAuthorization": True,
            "enableSoftDelete": True,
            "softDeleteRetentionInDays": KEPT_DAYS,
            "enablePurgeProtection": True,
            "createMode": "recover" if deleted else "default",
        },
    }
    arm.create(backend.vault_id, "2024-11-01", body)
    key = {"properties": {"kty": "RSA", "keySize": 3072}}
    arm.put(f"{backend.vault_id}/keys/{KEY}", "2024-11-01", key)


def _grant(arm: Arm, who: Principal, scope: str, role: str) -> None:
    from azure.core.exceptions import ResourceExistsError

    name = uuid.uuid5(_NAMESPACE, f"{scope}/{who.id}/{role}".lower())
    definition = f"{arm.root}/providers/Microsoft.Authorization/roleDefinitions/{ROLES[role]}"
    properties = {
        "principalId": who.id,
        "principalType": "User" if who.type == "user" else "ServicePrincipal",
        "roleDefinitionId": definition,
    }
    at = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"
    try:
        arm.put(at, "2022-04-01", {"properties": properties})
    except ResourceExistsError:
        return  # Somebody has granted it under another name.


def _lock(arm: Arm, backend: Backend) -> None:
    at = f"{backend.root}/providers/Microsoft.Authorization/locks/{LOCK}"
    notes = "The state of Pulumi's stacks lies here."
    arm.put(at, "2020-05-01", {"properties": {"level": "CanNotDelete", "notes": notes}})


def reads_state(arm: Arm, backend: Backend) -> bool:
    """Whether the caller may list the container of the state already."""
    address = f"https://{backend.account}.blob.core.windows.net/{CONTAINER}"
    return _answers("GET", f"{address}?restype=container&comp=list", arm, "storage.azure.com")


def _encrypts(arm: Arm, backend: Backend) -> bool:
    address = f"https://{backend.vault}.vault.azure.net/keys/{KEY}"
    body = {"alg": "RSA-OAEP-256", "value": base64.urlsafe_b64encode(os.urandom(32)).decode()}
    return _answers("POST", f"{address}/encrypt?api-version=7.4", arm, "vault.azure.net", body)


def _answers(
    method: str, address: str, arm: Arm, audience: str, body: dict[str, str] | None = None
) -> bool:
    """Whether the service lets us; a host that is not known yet, or is slow, does not."""
    import requests

    token = arm.credential.get_token(f"https://{audience}/.default").token
    headers = {"authorization": f"Bearer {token}", "x-ms-version": "2023-11-03"}
    try:
        return requests.request(method, address, json=body, headers=headers, timeout=30).ok
    except requests.RequestException:
        return False


def until(condition: Callable[[], bool], what: str) -> None:
    """Ask until it is so, for `PATIENCE` at most. Raises `Failure`."""
    until = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > until:
            raise Failure(
                f"Not within {PATIENCE / 60:.0f} minutes: {what}. Role assignments may take "
                "longer to be seen; run the same command again."
            )
        time.sleep(PAUSE)

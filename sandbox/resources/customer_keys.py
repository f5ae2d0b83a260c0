"""Keys of a customer's that storage, registries and workspaces encrypt with.

Nothing is encrypted with them here. That the key is there, that its vault cannot be purged, and
that the identity may wrap with it is checked as Azure does; the errors' codes are from memory.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import ArmError, invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource

if TYPE_CHECKING:
    from sandbox.azure import Azure

VAULTS = "Microsoft.KeyVault/vaults"
KEYS = f"{VAULTS}/keys"
_HOST = re.compile(
    r"https://(?P<vault>[\w-]+)\.vault\.azure\.net/?(keys/(?P<key>[\w-]+)(/\w+)?)?", re.IGNORECASE
)


def check_key(azure: Azure, address: str, name: str | None, path: str) -> Resource:
    """The key at an address (a vault's with a name, or the key's own); raises 400 without one."""
    match = _HOST.fullmatch(address)
    key_name = name or (match["key"] if match else None)
    vault = match and next(
        (
            item
            for item in azure.resources.list(VAULTS)
            if item.name.lower() == match["vault"].lower()
        ),
        None,
    )
    key = vault and key_name and azure.resources.get(vault.id.child("keys", key_name))
    if not vault or not key:
        raise ArmError(
            400,
            "KeyVaultKeyNotFound",
            f"There is no key '{key_name or address}' in '{address}'.",
            path,
        )
    if not vault.properties.get("enablePurgeProtection"):
        raise ArmError(
            400,
            "KeyVaultPurgeProtectionRequired",
            f"Vault '{vault.name}' must have soft delete and purge protection: what is encrypted "
            "with its keys would be lost with them.",
            path,
        )
    return key


def check_identity(
    azure: Azure, owner: Resource, identifier: str, key: Resource, path: str
) -> None:
    """Raises 400 where the identity is not there or not the owner's, 403 where it may not wrap."""
    at = ResourceId.parse(identifier)
    identity = azure.resources.get(at)
    assigned = (owner.body.get("identity") or {}).get("userAssignedIdentities") or {}
    if identity is None or at.key not in {item.lower() for item in assigned}:
        raise invalid(
            f"The user-assigned identity '{identifier}' is not there, or is not assigned to "
            f"'{owner.name}'.",
            path,
            code="EncryptionIdentityNotFound",
        )
    for verb in ("wrap", "unwrap"):
        azure.authorization.check(
            identity.properties["principalId"], key.id, f"{KEYS}/{verb}/action", data=True
        )


def check_storage(azure: Azure, account: Resource) -> None:
    encryption: dict[str, Any] = account.properties.get("encryption") or {}
    if str(encryption.get("keySource", "")).lower() != "microsoft.keyvault":
        return
    path = "properties.encryption"
    where = encryption.get("keyvaultproperties") or {}
    key = check_key(
        azure,
        str(where.get("keyvaulturi") or ""),
        where.get("keyname"),
        f"{path}.keyvaultproperties",
    )
    identity = (encryption.get("identity") or {}).get("userAssignedIdentity")
    if identity:
        check_identity(azure, account, identity, key, f"{path}.identity.userAssignedIdentity")


def check_registry(azure: Azure, registry: Resource) -> None:
    encryption: dict[str, Any] = registry.properties.get("encryption") or {}
    if str(encryption.get("status", "")).lower() != "enabled":
        return
    path = "properties.encryption.keyVaultProperties"
    if (registry.body.get("sku") or {}).get("name") != "Premium":
        raise ArmError(400, "PremiumSkuRequired", "Customer-managed keys need SKU Premium.", path)
    where = encryption.get("keyVaultProperties") or {}
    address = str(where.get("keyIdentifier") or "")
    key = check_key(azure, address, None, f"{path}.keyIdentifier")
    client = str(where.get("identity") or "").lower()
    assigned = (registry.body.get("identity") or {}).get("userAssignedIdentities") or {}
    for identifier, item in assigned.items():
        if str(item.get("clientId", "")).lower() == client:
            check_identity(azure, registry, identifier, key, f"{path}.identity")
            return
    raise invalid(
        f"No identity with the client id '{client}' is assigned to '{registry.name}'.",
        f"{path}.identity",
        code="EncryptionIdentityNotFound",
    )


def check_workspace(azure: Azure, workspace: Resource) -> None:
    encryption: dict[str, Any] = workspace.properties.get("encryption") or {}
    if str(encryption.get("status", "")).lower() != "enabled":
        return
    path = "properties.encryption"
    where = encryption.get("keyVaultProperties") or {}
    address = str(where.get("keyIdentifier") or "")
    key = check_key(azure, address, None, f"{path}.keyVaultProperties.keyIdentifier")
    vault = str(where.get("keyVaultArmId") or "").lower()
    if key.id.parent is None or key.id.parent.key != vault:
        raise invalid(
            f"The key '{key.id}' is not in the vault '{vault}'.",
            f"{path}.keyVaultProperties.keyVaultArmId",
        )
    identity = (encryption.get("identity") or {}).get("userAssignedIdentity")
    if identity:
        check_identity(azure, workspace, identity, key, f"{path}.identity.userAssignedIdentity")

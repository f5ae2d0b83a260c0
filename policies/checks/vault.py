"""Key vaults, their secrets and keys."""

from __future__ import annotations

from policies.checks.conditions import (
    Findings,
    must_be,
    must_be_at_least,
    must_be_set,
    must_not_be,
    same,
)
from policies.checks.network import reachable_privately
from policies.resource import Resource, Stack

AZURES_DAYS = 90
"""How long a vault can be brought back where nothing is said."""
AZURES_BITS = 2048
"""Size of an RSA key where nothing is said."""


def vault_roles(vault: Resource) -> Findings:
    return must_be(vault, "properties.enableRbacAuthorization", True)


def vault_soft_delete(vault: Resource) -> Findings:
    yield from must_not_be(vault, "properties.enableSoftDelete", False)
    path = "properties.softDeleteRetentionInDays"
    days = vault.parameters.vault_soft_delete_days
    yield from must_be_at_least(vault, path, days, unset=AZURES_DAYS)


def vault_purge_protection(vault: Resource) -> Findings:
    return must_be(vault, "properties.enablePurgeProtection", True)


def vault_public_access_off(vault: Resource) -> Findings:
    return must_be(vault, "properties.publicNetworkAccess", "Disabled")


def vault_default_deny(vault: Resource) -> Findings:
    if not same(vault.get("properties.publicNetworkAccess"), "Disabled"):
        yield from must_be(vault, "properties.networkAcls.defaultAction", "Deny")


def vault_private_endpoint(vault: Resource, stack: Stack) -> Findings:
    return reachable_privately(vault, stack, "properties.publicNetworkAccess")


def secret_expires(secret: Resource) -> Findings:
    return must_be_set(secret, "properties.attributes.expires")


def secret_content_type(secret: Resource) -> Findings:
    return must_be_set(secret, "properties.contentType")


def key_renewed(key: Resource) -> Findings:
    rotated = list(key.items("properties.rotationPolicy.lifetimeActions"))
    if not rotated and not key.get("properties.attributes.expires"):
        yield "neither rotationPolicy.lifetimeActions nor attributes.expires is set"


def key_strength(key: Resource) -> Findings:
    if str(key.get("properties.kty") or "RSA").upper().startswith("RSA"):
        bits = key.parameters.key_bits
        yield from must_be_at_least(key, "properties.keySize", bits, unset=AZURES_BITS)

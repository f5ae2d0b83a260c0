"""Container registries."""

from __future__ import annotations

from policies.checks.conditions import Findings, is_private, must_be, must_be_in, same
from policies.checks.network import reachable_privately
from policies.resource import Resource, Stack


def registry_admin_off(registry: Resource) -> Findings:
    return must_be(registry, "adminUserEnabled", False, unset=False)


def registry_anonymous_pull_off(registry: Resource) -> Findings:
    return must_be(registry, "anonymousPullEnabled", False, unset=False)


def registry_public_access_off(registry: Resource) -> Findings:
    return must_be(registry, "publicNetworkAccess", "Disabled")


def registry_private_endpoint(registry: Resource, stack: Stack) -> Findings:
    return reachable_privately(registry, stack)


def registry_sku_allowed(registry: Resource) -> Findings:
    return must_be_in(registry, "sku.name", registry.parameters.registry_skus)


def registry_export_off(registry: Resource) -> Findings:
    # Azure takes it only of a registry that is closed to public networks.
    if is_private(registry):
        yield from must_be(registry, "policies.exportPolicy.status", "disabled")


def registry_own_tokens(registry: Resource) -> Findings:
    path = "policies.azureADAuthenticationAsArmPolicy.status"
    return must_be(registry, path, "disabled")


def registry_retention(registry: Resource) -> Findings:
    if same(registry.get("sku.name"), "Premium"):
        yield from must_be(registry, "policies.retentionPolicy.status", "enabled")


def registry_zone_redundant(registry: Resource) -> Findings:
    return must_be(registry, "zoneRedundancy", "Enabled")


def registry_customer_key(registry: Resource) -> Findings:
    return must_be(registry, "encryption.status", "enabled")

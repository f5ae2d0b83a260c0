"""The workspace, what it is connected to, and registries of Azure Machine Learning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.checks.conditions import (
    Findings,
    has_identity,
    is_private,
    must_be,
    must_not_be,
    same,
    shown,
)
from policies.checks.network import private_endpoints
from policies.resource import Resource, Stack

APPROVED_ONLY = "AllowOnlyApprovedOutbound"
KEYLESS = (
    "AAD",
    "AccountManagedIdentity",
    "ManagedIdentity",
    "None",
    "ProjectManagedIdentity",
    "UserEntraToken",
)
ANYTHING = ("AzureCloud", "Internet", "*")
"""Service tags that stand for most of the world."""


def workspace_public_access_off(workspace: Resource) -> Findings:
    return must_be(workspace, "publicNetworkAccess", "Disabled")


def workspace_private_endpoint(workspace: Resource, stack: Stack) -> Findings:
    if is_private(workspace) and not private_endpoints(workspace, stack):
        yield "publicNetworkAccess is Disabled and no private endpoint leads to it"


def workspace_outbound_restricted(workspace: Resource, stack: Stack) -> Findings:
    mode = workspace.get("managedNetwork.isolationMode")
    if not same(mode, APPROVED_ONLY) and not private_endpoints(workspace, stack):
        yield f"managedNetwork.isolationMode is {shown(mode)}"


def workspace_closed_behind_network(workspace: Resource) -> Findings:
    return must_not_be(workspace, "allowPublicAccessWhenBehindVnet", True)


def workspace_user_assigned_identity(workspace: Resource) -> Findings:
    if not has_identity(workspace, "UserAssigned"):
        yield f"identity.type is {shown(workspace.get('identity.type'))}"


def workspace_keyless_datastores(workspace: Resource) -> Findings:
    return must_not_be(workspace, "systemDatastoresAuthMode", "AccessKey", unset="AccessKey")


def workspace_current_api(workspace: Resource) -> Findings:
    return must_not_be(workspace, "v1LegacyMode", True)


def workspace_customer_key(workspace: Resource) -> Findings:
    return must_be(workspace, "encryption.status", "Enabled")


def workspace_sensitive_data_private(workspace: Resource, stack: Stack) -> Findings:
    if not workspace.get("hbiWorkspace"):
        return
    for account in stack.referred(workspace, "storageAccount", "storage:StorageAccount"):
        if not is_private(account):
            value = shown(account.get("publicNetworkAccess"))
            yield f"hbiWorkspace is true and publicNetworkAccess of {account.name} is {value}"


def outbound_rule_narrow(resource: Resource) -> Findings:
    if resource.type.endswith(":Workspace"):
        rules = resource.get("managedNetwork.outboundRules") or {}
        for name, rule in rules.items():
            yield from _wide(rule, f"outbound rule {name}")
    else:
        yield from _wide(resource.get("properties") or {}, "the rule")


def _wide(rule: Mapping[str, Any], name: str) -> Iterator[str]:
    if same(rule.get("type"), "FQDN"):
        host = str(rule.get("destination") or "")
        fixed = [part for part in host.split(".") if part and "*" not in part]
        if len(fixed) < 2:
            yield f"{name} opens {host or 'no host'}"
    elif same(rule.get("type"), "ServiceTag"):
        tag = (rule.get("destination") or {}).get("serviceTag")
        if any(same(tag, wide) for wide in ANYTHING):
            yield f"{name} opens the service tag {tag}"


def datastore_keyless(datastore: Resource) -> Findings:
    path = "properties.credentials.credentialsType"
    return must_be(datastore, path, "None")


def connection_keyless(connection: Resource) -> Findings:
    return must_be(connection, "properties.authType", *KEYLESS)


def ml_registry_public_access_off(registry: Resource) -> Findings:
    return must_be(registry, "publicNetworkAccess", "Disabled")


def ml_registry_storage_private(registry: Resource) -> Findings:
    for region in registry.items("regionDetails"):
        for details in region.get("storageAccountDetails") or []:
            account = details.get("systemCreatedStorageAccount") or {}
            if account.get("allowBlobPublicAccess"):
                yield f"allowBlobPublicAccess is true in {region.get('location')}"

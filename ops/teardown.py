"""The end of an environment: everything deleted, purged, forgotten, and proven to be gone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ops import stacks
from ops.failure import Failure, explain
from ops.platform import Platform
from ops.screen import step

WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
VAULTS = "Microsoft.KeyVault/vaults"
LOGS = "Microsoft.OperationalInsights/workspaces"


@dataclass
class Inventory:
    """What is in the group, by Pulumi or by anybody: (type, name) pairs and who has roles on it."""

    group: str
    exists: bool
    resources: list[tuple[str, str]] = field(default_factory=list)
    principals: set[str] = field(default_factory=set)
    vaults: dict[str, str] = field(default_factory=dict)

    def named(self, kind: str) -> list[str]:
        return [name for found, name in self.resources if found.lower() == kind.lower()]


@dataclass
class Proof:
    """One thing that was looked for and what was found of it; nothing is what it should be."""

    what: str
    left: list[str]


class Teardown:
    """Deletes one environment. Every step may run again after a kill."""

    def __init__(self, platform: Platform) -> None:
        from azure.mgmt.authorization import AuthorizationManagementClient
        from azure.mgmt.keyvault import KeyVaultManagementClient
        from azure.mgmt.loganalytics import LogAnalyticsManagementClient
        from azure.mgmt.resource.resources import ResourceManagementClient

        subscription, credential = platform.subscription, platform.credential
        self.platform = platform
        self.resources = ResourceManagementClient(credential, subscription)
        self.vaults = KeyVaultManagementClient(credential, subscription)
        self.logs = LogAnalyticsManagementClient(credential, subscription)
        self.roles = AuthorizationManagementClient(credential, subscription)

    def inventory(self) -> Inventory:
        group = self.platform.group
        if not self.resources.resource_groups.check_existence(group):
            return Inventory(group, exists=False)
        found = Inventory(group, exists=True)
        for item in self.resources.resources.list_by_resource_group(group):
            found.resources.append((str(item.type), str(item.name)))
            if str(item.type).lower() == VAULTS.lower():
                found.vaults[str(item.name)] = str(item.location)
        found.principals = {str(a.principal_id) for a in self._assignments() if a.principal_id}
        return found

    def _assignments(self) -> list[Any]:
        found = self.roles.role_assignments.list_for_resource_group(self.platform.group)
        return [item for item in found if f"/{self.platform.group}".lower() in item.scope.lower()]

    def run(self, inventory: Inventory) -> list[Proof]:
        """Delete, purge, forget; then look for what is left.

        Raises `Failure` for an environment that its stack file protects.
        """
        from azure.core.exceptions import AzureError

        if self.platform.outputs.get("protection"):
            raise Failure(protected(self.platform.environment))
        try:
            self._delete(inventory)
            self._purge(inventory)
        except AzureError as error:
            raise explain(error) from None
        with step("removing the stack"):
            stack = stacks.open_stack(self.platform.environment, create=False)
            stacks.down(stack)
            stacks.remove(stack)
        return self.proofs(inventory)

    def _delete(self, inventory: Inventory) -> None:
        if not inventory.exists:
            return
        for name in inventory.named(WORKSPACES):
            with step(f"deleting workspace {name} for good"):
                delete_workspace(self.platform, name)
        for name in inventory.named(LOGS):
            with step(f"deleting log workspace {name} for good"):
                self.logs.workspaces.begin_delete(inventory.group, name, force=True).result()
        with step(f"deleting resource group {inventory.group}"):
            self.resources.resource_groups.begin_delete(inventory.group).result()

    def _purge(self, inventory: Inventory) -> None:
        for vault in self._deleted_vaults(inventory):
            if vault.properties.purge_protection_enabled:
                continue
            with step(f"purging vault {vault.name}"):
                self.vaults.vaults.begin_purge_deleted(
                    vault.name, vault.properties.location
                ).result()

    def _deleted_vaults(self, inventory: Inventory) -> list[Any]:
        below = f"/resourcegroups/{inventory.group}/".lower()
        return [
            vault
            for vault in self.vaults.vaults.list_deleted()
            if below in str(vault.properties.vault_id).lower()
        ]

    def proofs(self, inventory: Inventory) -> list[Proof]:
        """Look once more for everything, through the same clients as anybody."""
        group = inventory.group
        there = self.resources.resource_groups.check_existence(group)
        deleted = [
            f"vault {vault.name}, protected until {vault.properties.scheduled_purge_date}"
            if vault.properties.purge_protection_enabled
            else f"vault {vault.name}"
            for vault in self._deleted_vaults(inventory)
        ]
        assignments = [
            str(item.id)
            for item in self.roles.role_assignments.list_for_subscription()
            if str(item.principal_id) in inventory.principals and f"/{group}/" in str(item.id)
        ]
        states = [item for item in stacks.names() if item == self.platform.environment]
        return [
            Proof("resource group", [group] if there else []),
            Proof("soft-deleted", deleted),
            Proof("role assignments", assignments),
            Proof("storage accounts", self._accounts(inventory)),
            Proof("blobs", self._blob_hosts(inventory)),
            Proof("Pulumi's state", states),
        ]

    def _blob_hosts(self, inventory: Inventory) -> list[str]:
        """Blob hosts that still answer: one of a deleted account has no address any more."""
        import requests

        found = []
        for name in inventory.named("Microsoft.Storage/storageAccounts"):
            host = f"https://{name}.blob.core.windows.net/"
            try:
                requests.get(host, timeout=10)
            except requests.RequestException:
                continue
            found.append(host)
        return found

    def _accounts(self, inventory: Inventory) -> list[str]:
        names = set(inventory.named("Microsoft.Storage/storageAccounts"))
        kind = "resourceType eq 'Microsoft.Storage/storageAccounts'"
        return [str(i.name) for i in self.resources.resources.list(filter=kind) if i.name in names]


def protected(environment: str) -> str:
    """What to do first about an environment that its stack file protects."""
    return (
        f"'{environment}' is protected. Set 'protection: false' in "
        f"stacks/Pulumi.{environment}.yaml and run 'amlops up {environment}' first."
    )


def delete_workspace(platform: Platform, name: str) -> None:
    """Delete a workspace without the soft deletion that keeps its name taken for 14 days."""
    from azure.core.exceptions import AzureError, ResourceNotFoundError

    try:
        platform.client.workspaces.begin_delete(
            name, delete_dependent_resources=False, permanently_delete=True
        ).result()
    except ResourceNotFoundError:
        return
    except AzureError as error:
        raise explain(error) from None

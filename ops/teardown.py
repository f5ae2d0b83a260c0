"""The end of an environment: everything deleted, purged, forgotten, and proven to be gone.

The resource group goes with all that is in it, unless it was there before the environment: then
only what the stack has made goes, and what others keep in the group stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ops import stack_files, stacks
from ops.arm import Arm
from ops.failure import Failure, explain
from ops.platform import Platform
from ops.screen import step

WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
COMPUTES = f"{WORKSPACES}/computes"
COMPUTES_VERSION = "2025-12-01"
ACCOUNTS = "Microsoft.Storage/storageAccounts"
LOGS = "Microsoft.OperationalInsights/workspaces"


@dataclass
class Inventory:
    """What will go: (type, name) pairs; a compute's name says its kind and workspace. `whole`:
    with the group, whoever made what is in it.
    """

    group: str
    exists: bool
    resources: list[tuple[str, str]] = field(default_factory=list)
    whole: bool = True
    ids: frozenset[str] = frozenset()
    """Of what the stack has made, in lower case; only where the group stays."""

    def has(self, identifier: object) -> bool:
        """Whether what has this id is to go."""
        if self.whole:
            return _is_in(self.group, identifier)
        return str(identifier).lower() in self.ids

    def named(self, kind: str) -> list[str]:
        return [name for found, name in self.resources if found.lower() == kind.lower()]


@dataclass
class Proof:
    """One thing that was looked for and what was found of it; nothing is what it should be.

    `kept` is what nobody can purge before its days are over, each with the day: it goes by itself.
    """

    what: str
    left: list[str]
    kept: list[str] = field(default_factory=list)

    @property
    def found(self) -> list[str]:
        return [*self.kept, *self.left]


class Teardown:
    """Deletes one environment. Every step may run again after a kill."""

    def __init__(self, platform: Platform) -> None:
        from azure.mgmt.authorization import AuthorizationManagementClient
        from azure.mgmt.keyvault import KeyVaultManagementClient
        from azure.mgmt.loganalytics import LogAnalyticsManagementClient
        from azure.mgmt.resource.resources import ResourceManagementClient

        subscription, credential = platform.subscription, platform.credential
        self.platform = platform
        self.arm = Arm(subscription, credential)
        self.resources = ResourceManagementClient(credential, subscription)
        self.vaults = KeyVaultManagementClient(credential, subscription)
        self.logs = LogAnalyticsManagementClient(credential, subscription)
        self.roles = AuthorizationManagementClient(credential, subscription)
        # Known by the stack too, for when an interrupted teardown has deleted the group already.
        known = platform.outputs.get("storageAccount")
        self.accounts: set[str] = {str(known)} if known else set()

    def inventory(self) -> Inventory:
        """What will go. Raises `Failure` for an environment that its stack file protects."""
        if self.platform.outputs.get("protection"):
            raise Failure(protected(self.platform.environment))
        group = self.platform.group
        whole = bool(self.platform.outputs.get("ownsResourceGroup", True))
        ids = frozenset() if whole else _made_by(self.platform.environment)
        found = Inventory(group, exists=False, whole=whole, ids=ids)
        if not self.resources.resource_groups.check_existence(group):
            return found
        found.exists = True
        for item in self.resources.resources.list_by_resource_group(group):
            if found.has(item.id):
                found.resources.append((str(item.type), str(item.name)))
        self.accounts |= set(found.named(ACCOUNTS))
        for workspace in found.named(WORKSPACES):
            computes = self._computes(group, workspace)
            found.resources += [(COMPUTES, _described(item, workspace)) for item in computes]
        return found

    def _computes(self, group: str, workspace: str) -> list[dict[str, Any]]:
        """Azure does not list them with the group, yet on an instance are a person's files."""
        from azure.core.exceptions import AzureError, ResourceNotFoundError

        at = f"{self.arm.root}/resourceGroups/{group}/providers/{WORKSPACES}/{workspace}/computes"
        try:
            return self.arm.list(at, COMPUTES_VERSION)
        except ResourceNotFoundError:
            return []
        except AzureError as error:
            raise explain(error) from None

    def run(self, inventory: Inventory) -> list[Proof]:
        """Delete, purge, forget; then look for what is left. Raises `Failure`."""
        from azure.core.exceptions import AzureError

        try:
            self._delete(inventory)
            self._purge(inventory)
        except AzureError as error:
            raise explain(error) from None
        if self.platform.environment in stacks.names():
            with step("removing the stack"):
                stack = stacks.open_stack(self.platform.environment, create=False)
                # Some of what is gone cannot be deleted, only set back, such as the settings of
                # an account's blobs: Pulumi has to know that it is gone.
                stacks.refresh(stack)
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
        if inventory.whole:
            with step(f"deleting resource group {inventory.group}"):
                self.resources.resource_groups.begin_delete(inventory.group).result()
        elif self.platform.environment in stacks.names():
            with step(f"deleting what the stack has made in {inventory.group}"):
                stacks.down(stacks.open_stack(self.platform.environment, create=False))

    def _purge(self, inventory: Inventory) -> None:
        for vault in self._deleted_vaults(inventory):
            if vault.properties.purge_protection_enabled:
                continue
            with step(f"purging vault {vault.name}"):
                self.vaults.vaults.begin_purge_deleted(
                    vault.name, vault.properties.location
                ).result()

    def _deleted_vaults(self, inventory: Inventory) -> list[Any]:
        return [
            vault
            for vault in self.vaults.vaults.list_deleted()
            if inventory.has(vault.properties.vault_id)
        ]

    def proofs(self, inventory: Inventory) -> list[Proof]:
        """Look once more for everything, through the same clients as anybody."""
        group = inventory.group
        there = self.resources.resource_groups.check_existence(group)
        deleted, kept = [], []
        for vault in self._deleted_vaults(inventory):
            if vault.properties.purge_protection_enabled:
                day = vault.properties.scheduled_purge_date
                kept.append(f"vault {vault.name}, protected until {day:%Y-%m-%d}")
            else:
                deleted.append(f"vault {vault.name}")
        deleted += [
            f"log workspace {item.name}"
            for item in self.logs.deleted_workspaces.list()
            if inventory.has(item.id)
        ]
        assignments = [
            str(item.id)
            for item in self.roles.role_assignments.list_for_subscription()
            if inventory.has(item.id)
        ]
        states = [item for item in stacks.names() if item == self.platform.environment]
        return [
            Proof("resource group", [group] if there else [])
            if inventory.whole
            else Proof("resources", self._still_there(inventory)),
            Proof("soft-deleted", deleted, kept),
            Proof("role assignments", assignments),
            Proof("storage accounts", self._accounts()),
            Proof("blobs", self._blob_hosts()),
            Proof("Pulumi's state", states),
        ]

    def _still_there(self, inventory: Inventory) -> list[str]:
        """What the stack had made in a group that stays."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            listed = list(self.resources.resources.list_by_resource_group(inventory.group))
        except ResourceNotFoundError:
            return []
        return sorted(str(item.id) for item in listed if inventory.has(item.id))

    def _blob_hosts(self) -> list[str]:
        """Blob hosts that still answer: one of a deleted account has no address any more.

        Whoever is slow is there; only a name without an address, or a refusal, is gone.
        """
        import requests

        found = []
        for name in sorted(self.accounts):
            host = f"https://{name}.blob.core.windows.net/"
            try:
                requests.get(host, timeout=10)
            except requests.ConnectTimeout:
                found.append(host)
            except requests.ConnectionError:
                continue
            else:
                found.append(host)
        return found

    def _accounts(self) -> list[str]:
        kind = f"resourceType eq '{ACCOUNTS}'"
        there = [str(item.name) for item in self.resources.resources.list(filter=kind)]
        return sorted(self.accounts.intersection(there))


def _made_by(environment: str) -> frozenset[str]:
    """The ids of all that a stack has made, in lower case; what it only reads is not among them."""
    if environment not in stacks.names():
        return frozenset()
    stack = stacks.open_stack(environment, create=False)
    return frozenset(
        str(resource["id"]).lower()
        for resource in stacks.resources(stack)
        if resource.get("id") and resource.get("custom") and not resource.get("external")
    )


def _described(compute: Mapping[str, Any], workspace: str) -> str:
    """Its name, kind and workspace; of an instance who made it; whether it is only detached."""
    said = compute["properties"]
    facts = [str(said["computeType"]), f"in {workspace}"]
    if said["computeType"] == "ComputeInstance":
        maker = ((said.get("properties") or {}).get("createdBy") or {}).get("userName")
        facts.append("with its files" + (f", made by {maker}" if maker else ""))
    if said.get("isAttachedCompute"):
        facts.append("only detached")
    return f"{compute['name']} ({', '.join(facts)})"


def forget_short_lived(environment: str) -> bool:
    """Remove the stack file that `up --ttl` has written, as `expire` does; True where it was one.

    That of an environment that stays is a person's.
    """
    if not stack_files.settings(environment).get("expires"):
        return False
    stack_files.path(environment).unlink()
    return True


def left_over(proofs: list[Proof]) -> list[str]:
    """What should be gone and is not."""
    return [item for proof in proofs for item in proof.left]


def protected_until(proofs: list[Proof]) -> list[str]:
    """What nobody can purge before its days are over, each with the day."""
    return [item for proof in proofs for item in proof.kept]


def _is_in(group: str, identifier: object) -> bool:
    return f"/resourcegroups/{group}/".lower() in f"{identifier}/".lower()


def protected(environment: str) -> str:
    """What to do first about an environment that its stack file protects."""
    return (
        f"'{environment}' is protected. Set 'protection: off' in "
        f"{stack_files.shown(environment)} and run 'amlops up {environment}' first."
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

"""What a workspace stands on: resource group, logs, Application Insights, Key Vault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import (
    applicationinsights,
    authorization,
    keyvault,
    operationalinsights,
    resources,
)

from infra.names import Names
from infra.placement import Placement
from infra.settings import Logs, Vault


@dataclass(frozen=True)
class FoundationArgs:
    names: Names
    location: str
    tags: Mapping[str, str]
    tenant_id: pulumi.Input[str]
    logs: Logs
    vault: Vault
    recover_vault: bool
    """Whether the vault is to be brought back from soft deletion instead of made."""
    lock: bool
    """Whether Azure refuses to delete anything in the group."""


class Foundation(pulumi.ComponentResource):
    """Does not manage what is in the vault: secrets are the workspace's and people's."""

    def __init__(
        self, name: str, args: FoundationArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:Foundation", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.group = resources.ResourceGroup(
            f"{name}-group",
            resource_group_name=args.names.resource_group,
            location=args.location,
            tags=args.tags,
            opts=child,
        )
        self.placement = Placement(self.group.name, args.location, args.tags)
        self.logs = operationalinsights.Workspace(
            f"{name}-logs",
            workspace_name=args.names.logs,
            resource_group_name=self.group.name,
            location=args.location,
            sku={"name": "PerGB2018"},
            retention_in_days=args.logs.retention_days,
            features={"enable_log_access_using_only_resource_permissions": True},
            public_network_access_for_ingestion="Enabled",
            public_network_access_for_query="Enabled",
            tags=args.tags,
            opts=child,
        )
        self.insights = applicationinsights.Component(
            f"{name}-insights",
            resource_name_=args.names.insights,
            resource_group_name=self.group.name,
            location=args.location,
            kind="web",
            application_type="web",
            ingestion_mode="LogAnalytics",
            workspace_resource_id=self.logs.id,
            public_network_access_for_ingestion="Enabled",
            public_network_access_for_query="Enabled",
            tags=args.tags,
            opts=child,
        )
        self.vault = keyvault.Vault(
            f"{name}-vault",
            vault_name=args.names.vault,
            resource_group_name=self.group.name,
            location=args.location,
            properties={
                "sku": {"family": "A", "name": "standard"},
                "tenant_id": args.tenant_id,
                "enable_rbac_authorization": True,
                "enable_soft_delete": True,
                "soft_delete_retention_in_days": args.vault.soft_delete_days,
                # The service takes true or nothing: protection cannot be switched off.
                "enable_purge_protection": True if args.vault.purge_protection else None,
                "public_network_access": "Enabled",
                "create_mode": "recover" if args.recover_vault else "default",
            },
            tags=args.tags,
            # Says how it comes to be: once it is there, the other way is not a difference.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["properties.createMode"]),
        )
        if args.lock:
            authorization.ManagementLockByScope(
                f"{name}-lock",
                lock_name="amlops-protection",
                scope=self.group.id,
                level="CanNotDelete",
                notes="Set `protection: false` in the stack file and run `up` to lift it.",
                # Not protected itself, or switching the setting off could never remove it.
                opts=pulumi.ResourceOptions(parent=self, protect=False),
            )
        self.register_outputs(
            {
                "resourceGroup": self.group.name,
                "vault": self.vault.id,
                "applicationInsights": self.insights.id,
            }
        )

"""What a workspace stands on: resource group, logs, Application Insights, Key Vault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_azure_native import (
    applicationinsights,
    keyvault,
    operationalinsights,
    resources,
)

from infra.firewall import Firewall
from infra.log_analytics import log_analytics
from infra.names import Names
from infra.placement import Placement
from infra.settings import Existing, Logs, Vault


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
    existing: Existing = field(default_factory=Existing)
    firewall: Firewall = field(default_factory=Firewall)
    """Of the vault."""


class Foundation(pulumi.ComponentResource):
    """Does not manage what is in the vault: secrets are the workspace's and people's.

    Nor a group or a Log Analytics workspace that was there before: they are only read, and stay.
    """

    def __init__(
        self, name: str, args: FoundationArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:Foundation", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.group = self._group(name, args)
        self.placement = Placement(self.group.name, args.location, args.tags)
        self.logs = self._logs(name, args)
        self.insights = applicationinsights.Component(
            f"{name}-insights",
            resource_name_=args.names.insights,
            resource_group_name=self.group.name,
            location=args.location,
            kind="web",
            application_type="web",
            ingestion_mode="LogAnalytics",
            workspace_resource_id=self.logs.id,
            disable_local_auth=not args.logs.local_auth,
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
                "enabled_for_deployment": False,
                "enabled_for_disk_encryption": False,
                "enabled_for_template_deployment": False,
                "public_network_access": args.firewall.public_network_access,
                "network_acls": {
                    "bypass": "AzureServices",
                    "default_action": args.firewall.default_action,
                    "ip_rules": [{"value": address} for address in args.firewall.allowed_ips],
                    "virtual_network_rules": [],
                },
                "create_mode": "recover" if args.recover_vault else "default",
            },
            tags=args.tags,
            # Says how it comes to be: once it is there, the other way is not a difference.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["properties.createMode"]),
        )
        self.register_outputs(
            {
                "resourceGroup": self.group.name,
                "vault": self.vault.id,
                "applicationInsights": self.insights.id,
            }
        )

    def _group(self, name: str, args: FoundationArgs) -> resources.ResourceGroup:
        child = pulumi.ResourceOptions(parent=self)
        if args.existing.resource_group:
            subscription = f"/subscriptions/{args.names.subscription}"
            return resources.ResourceGroup.get(
                f"{name}-group",
                f"{subscription}/resourceGroups/{args.existing.resource_group}",
                opts=child,
            )
        return resources.ResourceGroup(
            f"{name}-group",
            resource_group_name=args.names.resource_group,
            location=args.location,
            tags=args.tags,
            opts=child,
        )

    def _logs(self, name: str, args: FoundationArgs) -> operationalinsights.Workspace:
        child = pulumi.ResourceOptions(parent=self)
        if args.existing.logs:
            return operationalinsights.Workspace.get(f"{name}-logs", args.existing.logs, opts=child)
        return log_analytics(f"{name}-logs", args.names, self.placement, args.logs, child)

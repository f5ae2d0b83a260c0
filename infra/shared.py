"""A registry stack: its group and everything in it, and the outputs that everyone else reads."""

from __future__ import annotations

from datetime import date
from typing import Any

import pulumi
from pulumi_azure_native import resources

from infra.asset_registry import AssetRegistry, AssetRegistryArgs
from infra.budget import Budget, BudgetArgs
from infra.diagnostics import Diagnostics, DiagnosticsArgs, Subject
from infra.grants import access_grants
from infra.locks import Locks
from infra.log_analytics import log_analytics
from infra.names import Names
from infra.placement import Placement, tags
from infra.role_assignments import RoleAssignments, RoleAssignmentsArgs
from infra.settings import RegistryStack


class Ground(pulumi.ComponentResource):
    """What a registry stands on: its group, and Log Analytics where something is sent there. Does
    not manage the group that the service makes for itself.
    """

    def __init__(
        self,
        name: str,
        settings: RegistryStack,
        names: Names,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("amlops:infra:Ground", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        resource_tags = tags(settings, names.environment)
        self.group = resources.ResourceGroup(
            f"{name}-group",
            resource_group_name=names.resource_group,
            location=settings.location,
            tags=resource_tags,
            opts=child,
        )
        self.placement = Placement(self.group.name, settings.location, resource_tags)
        self.logs = (
            log_analytics(f"{name}-logs", names, self.placement, settings.logs, child)
            if settings.diagnostics
            else None
        )
        self.register_outputs({"resourceGroup": self.group.name})


def declare(
    settings: RegistryStack, names: Names, subscription: str, tenant: str, today: date
) -> dict[str, Any]:
    """Declare every resource of the stack; returns its outputs."""
    protected = pulumi.ResourceOptions(protect=settings.protection)
    ground = Ground("ground", settings, names, protected)
    registry = AssetRegistry(
        "registry",
        AssetRegistryArgs(
            registry_name=names.shared_registry,
            placement=ground.placement,
            regions=settings.everywhere,
            redundancy=settings.redundancy,
            public=settings.public_access,
            description=settings.description,
        ),
        protected,
    )
    RoleAssignments(
        "roles",
        RoleAssignmentsArgs(
            names, access_grants(settings, names, {"resource_group": ground.group.id})
        ),
    )
    if ground.logs:
        logs = Subject("Microsoft.OperationalInsights/workspaces", ground.logs.id)
        kept = Subject("Microsoft.MachineLearningServices/registries", registry.registry.id)
        Diagnostics(
            "diagnostics", DiagnosticsArgs(ground.logs.id, {"logs": logs, "registry": kept})
        )
    if settings.budget:
        Budget(
            "budget",
            BudgetArgs(
                name=names.budget,
                scope=ground.group.id,
                monthly=settings.budget.monthly,
                emails=settings.budget.emails,
                action_group=None,
                today=today,
            ),
        )
    if settings.protection:
        logging = {"logs": ground.logs.id} if ground.logs else {}
        Locks("locks", {"registry": registry.registry.id, **logging})
    return {
        "kind": settings.kind,
        "environment": names.environment,
        "subscriptionId": subscription,
        "tenantId": tenant,
        "location": settings.location,
        "resourceGroup": ground.group.name,
        "assetRegistry": {
            "name": registry.registry.name,
            "id": registry.registry.id,
            "regions": settings.everywhere,
        },
        "logAnalytics": ground.logs.name if ground.logs else None,
        "protection": settings.protection,
        "tags": ground.placement.tags,
    }

"""The Log Analytics workspace of a stack, whatever the stack holds."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import operationalinsights

from infra.names import Names
from infra.placement import Placement
from infra.settings import LogAnalytics


def log_analytics(
    name: str, names: Names, placement: Placement, logs: LogAnalytics, opts: pulumi.ResourceOptions
) -> operationalinsights.Workspace:
    """Takes no telemetry by key: what sends there has an identity."""
    cap = logs.daily_cap_gb
    return operationalinsights.Workspace(
        name,
        workspace_name=names.logs,
        resource_group_name=placement.resource_group,
        location=placement.location,
        sku={"name": "PerGB2018"},
        retention_in_days=logs.retention_days,
        workspace_capping={"daily_quota_gb": -1 if cap is None else cap},
        features={
            "disable_local_auth": True,
            "enable_log_access_using_only_resource_permissions": True,
        },
        public_network_access_for_ingestion="Enabled",
        public_network_access_for_query="Enabled",
        tags=placement.tags,
        opts=opts,
    )

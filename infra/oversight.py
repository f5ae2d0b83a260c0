"""What watches over an environment: its diagnostics, alerts, events and budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pulumi

from infra.alerts import WATCHED, Alerts, AlertsArgs
from infra.budget import Budget, BudgetArgs
from infra.diagnostics import Diagnostics, DiagnosticsArgs, Subject, storage_subjects
from infra.events import Events, EventsArgs
from infra.names import Names
from infra.network import Network
from infra.placement import Placement
from infra.settings import Settings


@dataclass(frozen=True)
class Parts:
    """Ids of what is watched."""

    group: pulumi.Input[str]
    logs: pulumi.Input[str]
    workspace: pulumi.Input[str]
    vault: pulumi.Input[str]
    account: pulumi.Output[str]
    account_name: pulumi.Input[str]
    container_registry: pulumi.Input[str] | None
    endpoints: Mapping[str, pulumi.Input[str]]
    lake: pulumi.Output[str] | None
    network: Network | None
    kubernetes: Mapping[str, pulumi.Input[str]]
    """Clusters that the program makes."""


def oversee(
    settings: Settings, names: Names, placement: Placement, parts: Parts, today: date
) -> dict[str, Any]:
    """Declare it all, as far as the settings ask for it; returns outputs."""
    events = (
        Events(
            "events",
            EventsArgs(
                names=names,
                placement=placement,
                workspace=parts.workspace,
                account=parts.account,
                account_name=parts.account_name,
                events=settings.events,
            ),
        )
        if settings.events
        else None
    )
    if settings.diagnostics:
        subjects = _subjects(settings, parts)
        if events:
            subjects["events"] = Subject("Microsoft.EventGrid/systemTopics", events.topic.id)
        Diagnostics("diagnostics", DiagnosticsArgs(parts.logs, subjects))
    alerts = (
        Alerts(
            "alerts",
            AlertsArgs(
                names=names,
                placement=placement,
                alerts=settings.alerts,
                group=parts.group,
                watched={
                    "workspace": {"workspace": parts.workspace},
                    "storage": {"storage": parts.account},
                    "vault": {"vault": parts.vault},
                    "endpoints": parts.endpoints,
                },
                logs=parts.logs if settings.diagnostics else None,
            ),
        )
        if settings.alerts
        else None
    )
    if settings.budget:
        Budget(
            "budget",
            BudgetArgs(
                scope=parts.group,
                monthly=settings.budget.monthly,
                emails=settings.budget.emails,
                action_group=alerts.action_group.id if alerts else None,
                today=today,
            ),
        )
    return {
        "actionGroup": alerts.action_group.name if alerts else None,
        "systemTopic": events.topic.name if events else None,
        "queues": sorted(events.queues) if events else [],
    }


def _subjects(settings: Settings, parts: Parts) -> dict[str, Subject]:
    """Of what the program makes: what was there before has its owner's diagnostics."""
    subjects = {
        "workspace": Subject(WATCHED["workspace"], parts.workspace),
        "vault": Subject(WATCHED["vault"], parts.vault),
        **storage_subjects("storage", parts.account),
        **{
            f"endpoint-{key}": Subject(WATCHED["endpoints"], endpoint)
            for key, endpoint in parts.endpoints.items()
        },
        **{
            f"kubernetes-{key}": Subject("Microsoft.ContainerService/managedClusters", cluster)
            for key, cluster in parts.kubernetes.items()
        },
    }
    if not settings.existing.logs:
        subjects["logs"] = Subject("Microsoft.OperationalInsights/workspaces", parts.logs)
    if parts.container_registry is not None:
        kind = "Microsoft.ContainerRegistry/registries"
        subjects["container-registry"] = Subject(kind, parts.container_registry)
    if parts.lake is not None:
        subjects |= storage_subjects("lake", parts.lake)
    if parts.network and parts.network.security_groups:
        subjects["network"] = Subject("Microsoft.Network/virtualNetworks", parts.network.id)
        for key, rules in parts.network.security_groups.items():
            kind = "Microsoft.Network/networkSecurityGroups"
            subjects[f"rules-{key}"] = Subject(kind, rules.id)
    return subjects

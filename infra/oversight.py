"""What watches over an environment: its diagnostics, alerts, events and budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pulumi

from infra.alerts import WATCHED, Alerts, AlertsArgs
from infra.associated import Associated
from infra.budget import Budget, BudgetArgs
from infra.diagnostics import Diagnostics, DiagnosticsArgs, Subject, storage_subjects
from infra.events import Events, EventsArgs
from infra.names import Names
from infra.settings import Settings
from infra.virtual_machine import VirtualMachine


@dataclass(frozen=True)
class Parts:
    """Ids of what is watched beside what the workspace stands on."""

    workspace: pulumi.Input[str]
    endpoints: Mapping[str, pulumi.Input[str]]
    kubernetes: Mapping[str, pulumi.Input[str]]
    """Clusters that the program makes."""
    machines: Mapping[str, VirtualMachine]
    """Machines that the program makes."""


def oversee(
    settings: Settings, names: Names, associated: Associated, parts: Parts, today: date
) -> dict[str, Any]:
    """Declare it all, as far as the settings ask for it; returns outputs."""
    placement, foundation = associated.placement, associated.foundation
    account = associated.storage.account
    events = (
        Events(
            "events",
            EventsArgs(
                names=names,
                placement=placement,
                workspace=parts.workspace,
                account=account.id,
                account_name=account.name,
                events=settings.events,
            ),
        )
        if settings.events
        else None
    )
    if settings.diagnostics:
        subjects = _subjects(settings, associated, parts)
        if events:
            subjects["events"] = Subject("Microsoft.EventGrid/systemTopics", events.topic.id)
        Diagnostics("diagnostics", DiagnosticsArgs(foundation.logs.id, subjects))
    alerts = (
        Alerts(
            "alerts",
            AlertsArgs(
                names=names,
                placement=placement,
                alerts=settings.alerts,
                group=foundation.group.id,
                watched={
                    "workspace": {"workspace": parts.workspace},
                    "storage": {"storage": account.id},
                    "vault": {"vault": foundation.vault.id},
                    "endpoints": parts.endpoints,
                },
                logs=foundation.logs.id if settings.diagnostics else None,
            ),
        )
        if settings.alerts
        else None
    )
    if settings.budget:
        Budget(
            "budget",
            BudgetArgs(
                name=names.budget,
                scope=foundation.group.id,
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


def _subjects(settings: Settings, associated: Associated, parts: Parts) -> dict[str, Subject]:
    """Of what the program makes: what was there before has its owner's diagnostics."""
    foundation, network = associated.foundation, associated.network
    subjects = {
        "workspace": Subject(WATCHED["workspace"], parts.workspace),
        "vault": Subject(WATCHED["vault"], foundation.vault.id),
        **storage_subjects("storage", associated.storage.account.id),
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
        logs = foundation.logs.id
        subjects["logs"] = Subject("Microsoft.OperationalInsights/workspaces", logs)
    if associated.registry:
        kind = "Microsoft.ContainerRegistry/registries"
        subjects["container-registry"] = Subject(kind, associated.registry.registry.id)
    if associated.lake:
        subjects |= storage_subjects("lake", associated.lake.account.id)
    if network and network.security_groups:
        subjects["network"] = Subject("Microsoft.Network/virtualNetworks", network.id)
        for key, rules in network.security_groups.items():
            kind = "Microsoft.Network/networkSecurityGroups"
            subjects[f"rules-{key}"] = Subject(kind, rules.id)
    for key, machine in parts.machines.items():
        kind = "Microsoft.Network/networkInterfaces"
        subjects[f"interface-{key}"] = Subject(kind, machine.interface.id)
    addresses = {f"machine-{key}": machine.address for key, machine in parts.machines.items()}
    for key, address in {**addresses, "nat": network and network.address}.items():
        if address:
            kind = "Microsoft.Network/publicIPAddresses"
            subjects[f"address-{key}"] = Subject(kind, address.id)
    return subjects

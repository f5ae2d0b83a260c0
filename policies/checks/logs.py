"""Logs, telemetry, alerts and events."""

from __future__ import annotations

from policies.checks.conditions import (
    Findings,
    must_be,
    must_be_at_least,
    must_be_set,
    must_not_be,
)
from policies.resource import Resource, Stack

SETTING = "monitor:DiagnosticSetting"
ALERTS = ("monitor:MetricAlert", "monitor:ActivityLogAlert", "monitor:ScheduledQueryRule")
DESTINATIONS = (
    "workspaceId",
    "storageAccountId",
    "eventHubAuthorizationRuleId",
    "serviceBusRuleId",
    "marketplacePartnerId",
)
RECEIVERS = (
    "armRoleReceivers",
    "automationRunbookReceivers",
    "azureAppPushReceivers",
    "azureFunctionReceivers",
    "emailReceivers",
    "eventHubReceivers",
    "incidentReceivers",
    "itsmReceivers",
    "logicAppReceivers",
    "smsReceivers",
    "voiceReceivers",
    "webhookReceivers",
)


def insights_in_log_workspace(component: Resource) -> Findings:
    yield from must_be(component, "ingestionMode", "LogAnalytics", unset="LogAnalytics")
    yield from must_be_set(component, "workspaceResourceId")


def insights_local_auth_off(component: Resource) -> Findings:
    return must_be(component, "disableLocalAuth", True)


def insights_public_access_off(component: Resource) -> Findings:
    return _closed(component)


def logs_public_access_off(workspace: Resource) -> Findings:
    return _closed(workspace)


def _closed(resource: Resource) -> Findings:
    yield from must_be(resource, "publicNetworkAccessForIngestion", "Disabled")
    yield from must_be(resource, "publicNetworkAccessForQuery", "Disabled")


def logs_local_auth_off(workspace: Resource) -> Findings:
    return must_be(workspace, "features.disableLocalAuth", True)


def logs_retention(workspace: Resource) -> Findings:
    days = workspace.parameters.log_retention_days
    return must_be_at_least(workspace, "retentionInDays", days, unset=30)


def logs_daily_cap(workspace: Resource) -> Findings:
    # Azure writes -1 for no limit.
    if (workspace.get("workspaceCapping.dailyQuotaGb") or -1) < 0:
        yield "workspaceCapping.dailyQuotaGb is not set"


def diagnostics_sent(resource: Resource, stack: Stack) -> Findings:
    if not stack.referring(resource, SETTING, "resourceUri"):
        yield "no diagnostic setting is declared for it"


def diagnostics_complete(setting: Resource) -> Findings:
    if not any(setting.get(destination) for destination in DESTINATIONS):
        yield "no destination is set"
    # A storage account itself has metrics only; its services have the logs.
    sent = [*setting.items("logs"), *setting.items("metrics")]
    if not any(category.get("enabled") for category in sent):
        yield "no category of logs or metrics is enabled"


def alerts_reach_someone(group: Resource) -> Findings:
    yield from must_be(group, "enabled", True, unset=True)
    if not any(group.get(kind) for kind in RECEIVERS):
        yield "it has no receivers"


def alerts_act(alert: Resource) -> Findings:
    yield from must_not_be(alert, "enabled", False)
    if not _actions(alert):
        yield "actions is not set"


def _actions(alert: Resource) -> bool:
    """The three kinds of rules write them in three ways."""
    actions = alert.get("actions")
    if alert.type == "monitor:MetricAlert":
        return bool(actions)
    return bool(alert.get("actions.actionGroups"))


def workspace_has_alert(workspace: Resource, stack: Stack) -> Findings:
    if not any(stack.referring(workspace, kind, "scopes") for kind in ALERTS):
        yield "no alert rule is declared for it"


def topic_identities_only(topic: Resource) -> Findings:
    return must_be(topic, "disableLocalAuth", True)


def topic_minimum_tls(topic: Resource) -> Findings:
    return must_be(topic, "minimumTlsVersionAllowed", "1.2", "1.3")


def topic_public_access_off(topic: Resource) -> Findings:
    return must_be(topic, "publicNetworkAccess", "Disabled")


def event_dead_letters(subscription: Resource) -> Findings:
    ways = ("deadLetterWithResourceIdentity", "deadLetterDestination")
    if not any(subscription.get(way) for way in ways):
        yield "deadLetterWithResourceIdentity is not set"


def event_web_hook_https(subscription: Resource) -> Findings:
    for way in ("destination", "deliveryWithResourceIdentity.destination"):
        address = subscription.get(f"{way}.endpointUrl")
        if address and not str(address).casefold().startswith("https://"):
            # The rest may hold what guards the hook.
            yield f"endpointUrl begins with {str(address).partition(':')[0]}:"

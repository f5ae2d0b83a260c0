"""Azure Monitor: diagnostic settings, action groups and the three kinds of alert rule.

They are kept and checked; nothing is measured, so no rule ever fires.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from sandbox.arm.answers import Response, page
from sandbox.arm.errors import ArmError, conflict, invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource
from sandbox.arm.routes import Route
from sandbox.arm.types import Body, Change, ResourceType

if TYPE_CHECKING:
    from sandbox.azure import Azure

DIAGNOSTICS = "Microsoft.Insights/diagnosticSettings"
CATEGORIES = "Microsoft.Insights/diagnosticSettingsCategories"
ACTION_GROUPS = "Microsoft.Insights/actionGroups"
MOST_SETTINGS = 5  # "Diagnostic settings in Azure Monitor", Microsoft Learn
_SINKS = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId")
_RECEIVERS = (
    "emailReceivers",
    "smsReceivers",
    "webhookReceivers",
    "eventHubReceivers",
    "itsmReceivers",
    "azureAppPushReceivers",
    "automationRunbookReceivers",
    "voiceReceivers",
    "logicAppReceivers",
    "azureFunctionReceivers",
    "armRoleReceivers",
)


@cache
def _categories() -> dict[str, dict[str, list[str]]]:
    """Resource type, lower case -> the logs, groups of logs and metrics that it can send."""
    table = yaml.safe_load(Path(__file__).with_name("diagnostics.yaml").read_text())
    return {name.lower(): row for name, row in table.items()}


def _of(resource: ResourceId) -> dict[str, list[str]]:
    """Raises 400 for a type that sends nothing."""
    row = _categories().get(resource.type.lower())
    if row is None:
        raise ArmError(
            400,
            "ResourceTypeNotSupported",
            f"The resource type '{resource.type.lower()}' does not support diagnostic settings.",
        )
    return row


def _prepare_diagnostics(azure: Azure, change: Change) -> None:
    setting, properties = change.resource, change.resource.properties
    subject = setting.id.parent
    if subject is None:
        raise invalid("A diagnostic setting needs a resource.")
    known = _of(subject)
    if not any(properties.get(sink) for sink in _SINKS):
        raise invalid(f"At least one of {', '.join(_SINKS)} must be set.", "properties")
    for kind, allowed in (("logs", known["logs"]), ("metrics", known["metrics"])):
        for number, item in enumerate(properties.get(kind) or []):
            _check_category(item, kind, f"properties.{kind}[{number}]", allowed, known["groups"])
            item.setdefault("retentionPolicy", {"enabled": False, "days": 0})
        _fill_up(properties, kind, allowed)
    there = azure.resources.children(subject, DIAGNOSTICS)
    others = [other for other in there if other.id.key != setting.id.key]
    if len(others) >= MOST_SETTINGS:
        raise conflict(f"A resource takes {MOST_SETTINGS} diagnostic settings at most.")
    for other in others:
        _refuse_same_sink(setting, other)


def _check_category(
    item: Body, kind: str, target: str, allowed: list[str], groups: list[str]
) -> None:
    name, group = item.get("category"), item.get("categoryGroup")
    if bool(name) is bool(group):
        raise invalid(f"'{target}' must have either category or categoryGroup.", target)
    fitting = groups if group and kind == "logs" else [] if group else allowed
    if (name or group) not in fitting:
        word = "Category group" if group else "Category"
        raise ArmError(
            400,
            "BadRequest",
            f"{word} '{name or group}' is not supported, supported are: {', '.join(fitting)}.",
            target,
        )


def _fill_up(properties: Body, kind: str, allowed: list[str]) -> None:
    """The service answers with every category, those not asked for switched off; groups it keeps
    as they are.
    """
    items = properties.setdefault(kind, None) or []
    if any(item.get("categoryGroup") for item in items):
        return
    named = {item["category"] for item in items}
    off = {"enabled": False, "retentionPolicy": {"enabled": False, "days": 0}}
    properties[kind] = items + [{"category": c, **off} for c in allowed if c not in named]


def _refuse_same_sink(setting: Resource, other: Resource) -> None:
    for sink in _SINKS:
        mine, theirs = setting.properties.get(sink), other.properties.get(sink)
        if not mine or str(mine).lower() != str(theirs).lower():
            continue
        both = _sent(setting) & _sent(other)
        if both:
            raise conflict(
                f"Data sink '{mine}' is already used in diagnostic setting '{other.name}' for "
                f"category '{sorted(both)[0]}'. Data sinks can't be reused in different settings "
                "on the same category for the same resource."
            )


def _sent(setting: Resource) -> set[str]:
    items = [*(setting.properties.get("logs") or []), *(setting.properties.get("metrics") or [])]
    return {item.get("category") or item["categoryGroup"] for item in items if item.get("enabled")}


def _list_categories(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    at = ResourceId.parse(match["resource"])
    azure.authorization.check(request.principal, at, f"{CATEGORIES}/read")
    azure.resources.need(at)
    row = _of(at)
    found = [
        {
            "id": f"{at}/providers/{CATEGORIES}/{name}",
            "name": name,
            "type": CATEGORIES,
            "properties": {
                "categoryType": kind,
                "categoryGroups": row["groups"] if kind == "Logs" else None,
            },
        }
        for kind, names in (("Metrics", row["metrics"]), ("Logs", row["logs"]))
        for name in names
    ]
    return page(request, found)


def _prepare_action_group(_azure: Azure, change: Change) -> None:
    group, properties = change.resource, change.resource.properties
    if str(group.location).lower() not in ("global", "swedencentral", "germanywestcentral"):
        raise ArmError(
            400,
            "LocationNotAvailableForResourceType",
            f"The location '{group.location}' is not available for '{ACTION_GROUPS}': allowed is "
            "'Global'.",
            "location",
        )
    for kind in _RECEIVERS:
        properties[kind] = properties.get(kind) or []
    named = [receiver["name"] for kind in _RECEIVERS for receiver in properties[kind]]
    for name in named:
        if named.count(name) > 1:
            raise invalid(f"Two receivers are called '{name}'.", "properties", code="BadRequest")
    for receiver in properties["emailReceivers"]:
        receiver.setdefault("useCommonAlertSchema", False)
        receiver["status"] = "Enabled"


def _prepare_metric_alert(_azure: Azure, change: Change) -> None:
    _need_global(change.resource)
    change.resource.properties.setdefault("autoMitigate", True)
    change.resource.properties.setdefault("targetResourceType", "")
    change.resource.properties.setdefault("targetResourceRegion", "")
    for action in change.resource.properties.get("actions") or []:
        action.setdefault("webHookProperties", {})


def _prepare_activity_alert(_azure: Azure, change: Change) -> None:
    _need_global(change.resource)
    change.resource.properties.setdefault("enabled", True)


def _need_global(rule: Resource) -> None:
    if str(rule.location).lower() != "global":
        raise ArmError(
            400,
            "LocationNotAvailableForResourceType",
            f"The location '{rule.location}' is not available for '{rule.type}': allowed is "
            "'global'.",
            "location",
        )


def _prepare_query_rule(_azure: Azure, change: Change) -> None:
    rule, properties = change.resource, change.resource.properties
    rule.body.setdefault("kind", "LogAlert")
    properties.setdefault("enabled", True)
    properties.setdefault("autoMitigate", True)
    properties.setdefault("displayName", rule.name)
    properties.setdefault("skipQueryValidation", False)
    if rule.body["kind"] == "LogAlert":
        for name in ("severity", "evaluationFrequency", "windowSize"):
            if properties.get(name) is None:
                raise invalid(f"A rule of kind LogAlert needs '{name}'.", f"properties.{name}")


TYPES = [
    ResourceType(
        DIAGNOSTICS,
        extension=True,
        states=False,
        create_status=200,
        delete_status=200,
        needs=("properties.workspaceId", "properties.storageAccountId"),
        prepare=_prepare_diagnostics,
    ),
    ResourceType(
        ACTION_GROUPS,
        tracked=True,
        states=False,
        delete_status=200,
        prepare=_prepare_action_group,
    ),
    ResourceType(
        "Microsoft.Insights/metricAlerts",
        tracked=True,
        states=False,
        create_status=200,
        delete_status=200,
        needs=("properties.scopes[]", "properties.actions[].actionGroupId"),
        prepare=_prepare_metric_alert,
    ),
    ResourceType(
        "Microsoft.Insights/activityLogAlerts",
        tracked=True,
        states=False,
        delete_status=200,
        needs=("properties.scopes[]", "properties.actions.actionGroups[].actionGroupId"),
        prepare=_prepare_activity_alert,
    ),
    ResourceType(
        "Microsoft.Insights/scheduledQueryRules",
        tracked=True,
        states=False,
        delete_status=200,
        needs=("properties.scopes[]", "properties.actions.actionGroups[]"),
        prepare=_prepare_query_rule,
    ),
]
ROUTES = [
    Route(
        "GET",
        r"(?P<resource>/.+)/providers/microsoft\.insights/diagnosticsettingscategories",
        _list_categories,
    ),
]

"""Budgets. Nothing costs money here, so none is ever exceeded: the alerts are kept, not sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import invalid
from sandbox.arm.resource import Resource
from sandbox.arm.types import Body, Change, ResourceType

if TYPE_CHECKING:
    from sandbox.azure import Azure

BUDGETS = "Microsoft.Consumption/budgets"
FIRST_START = datetime(2017, 6, 1, tzinfo=UTC)
LONGEST_AHEAD = timedelta(days=366)
YEARS = 10
MOST_NOTIFICATIONS = 5
"""All of them: the description of the models in azure-mgmt-consumption; ten years of the portal."""


def _prepare(azure: Azure, change: Change) -> None:
    properties = change.resource.properties
    if "timePeriod" not in properties:
        raise invalid("A budget needs a time period.", "properties.timePeriod")
    period: dict[str, Any] = properties["timePeriod"]
    start = _date(period.get("startDate"), "properties.timePeriod.startDate")
    if (start.day, start.hour, start.minute, start.second) != (1, 0, 0, 0):
        raise invalid("A budget starts on the first of a month.", "properties.timePeriod.startDate")
    if not FIRST_START <= start <= azure.clock.now() + LONGEST_AHEAD:
        raise invalid(
            "A budget starts on or after June 1, 2017 and within the next twelve months.",
            "properties.timePeriod.startDate",
        )
    if change.previous:
        before = change.previous.properties["timePeriod"]["startDate"]
        if _date(before, "startDate") != start:
            raise invalid(
                "The start date of a budget cannot be changed.", "properties.timePeriod.startDate"
            )
    given = period.get("endDate")
    end = start.replace(year=start.year + YEARS)
    if given:
        end = _date(given, "properties.timePeriod.endDate")
    if end <= start:
        raise invalid("A budget ends after its start.", "properties.timePeriod.endDate")
    properties["timePeriod"] = {"startDate": _text(start), "endDate": _text(end)}
    _check_notifications(azure, properties.get("notifications") or {})


def _check_notifications(azure: Azure, notifications: dict[str, Body]) -> None:
    if len(notifications) > MOST_NOTIFICATIONS:
        raise invalid(
            f"A budget has {MOST_NOTIFICATIONS} notifications at most.", "properties.notifications"
        )
    for name, notification in notifications.items():
        target = f"properties.notifications.{name}"
        if not 0 < notification["threshold"] <= 1000:
            raise invalid(f"'{target}.threshold' must be above 0 and at most 1000.", target)
        groups = notification.get("contactGroups") or []
        if not any([groups, notification.get("contactEmails"), notification.get("contactRoles")]):
            raise invalid(f"'{target}' has nobody to tell: no emails, roles or groups.", target)
        for group in groups:
            if azure.resources.get(group) is None:
                raise invalid(f"'{target}.contactGroups' names '{group}', not found.", target)
        notification.setdefault("thresholdType", "Actual")
        notification.setdefault("locale", "en-us")


def _date(value: object, target: str) -> datetime:
    try:
        read = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        raise invalid(f"'{value}' is no date.", target) from None
    return read.replace(tzinfo=read.tzinfo or UTC)


def _text(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _view(_azure: Azure, _budget: Resource, body: Body) -> None:
    body["properties"]["currentSpend"] = {"amount": 0.0, "unit": "USD"}


TYPES = [
    ResourceType(
        BUDGETS, extension=True, states=False, delete_status=200, prepare=_prepare, view=_view
    ),
]

"""Tags, regions, budgets: what holds for resources of any kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.checks.conditions import Findings, must_be_at_most, must_be_set, shown
from policies.resource import Resource, Stack

CONTACTS = ("contactEmails", "contactGroups", "contactRoles")


def required_tags(resource: Resource) -> Findings:
    tags = resource.get("tags") or {}
    for tag in resource.parameters.required_tags:
        if not tags.get(tag):
            yield f"tag {tag} is missing"


def environment_tag_true(resource: Resource) -> Findings:
    environment = (resource.get("tags") or {}).get("environment")
    if environment and environment != resource.stack:
        yield f"tag environment is {environment}, the stack is {resource.stack}"


def expiry_tag(group: Resource) -> Findings:
    return must_be_set(group, "tags.expires")


def allowed_regions(resource: Resource) -> Findings:
    allowed = resource.parameters.allowed_regions
    regions = [resource.get("location")]
    regions += [region.get("location") for region in resource.items("regionDetails")]
    for region in regions:
        if region and _plain(region) not in (*allowed, "global"):
            yield f"location is {region}, allowed are {', '.join(allowed)}"


def _plain(region: str) -> str:
    """Azure takes `East US` for `eastus`."""
    return region.replace(" ", "").casefold()


def group_has_budget(group: Resource, stack: Stack) -> Findings:
    if not stack.referring(group, "consumption:Budget", "scope"):
        yield "no budget is declared for it"


def budget_amount(budget: Resource) -> Findings:
    return must_be_at_most(budget, "amount", budget.parameters.budget)


def budget_notifies(budget: Resource) -> Findings:
    notifications = budget.get("notifications") or {}
    if not any(_warns(notification) for notification in notifications.values()):
        told = f" (of {shown(sorted(notifications))})" if notifications else ""
        yield f"no notification{told} is enabled, has a contact and comes at 100 % or before"


def _warns(notification: Mapping[str, Any]) -> bool:
    """Whether somebody hears of it before the money is gone."""
    on = notification.get("enabled") is not False
    return (
        on
        and (notification.get("threshold") or 0) <= 100
        and any(notification.get(kind) for kind in CONTACTS)
    )

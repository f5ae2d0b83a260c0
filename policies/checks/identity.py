"""Grants, roles, and what keeps resources from being deleted."""

from __future__ import annotations

import re

from policies.checks.conditions import Findings, must_be_set, must_not_be
from policies.resource import Resource, Stack

LOCK = "authorization:ManagementLockByScope"
DELEGATE = "f58310d9-a9f6-439a-9e8d-f62e7b41a168"
"""Role Based Access Control Administrator, whom a condition can hold to some roles."""
WIDE = re.compile(r"/|/subscriptions/[^/]+/?|/providers/Microsoft\.Management/.*", re.IGNORECASE)
GRANTING = re.compile(r"Microsoft\.Authorization/(\*|.+/(write|delete|\*))", re.IGNORECASE)


def grant_explained(grant: Resource) -> Findings:
    return must_be_set(grant, "description")


def grant_not_owner(grant: Resource) -> Findings:
    role = str(grant.get("roleDefinitionId") or "").rpartition("/")[2].casefold()
    name = grant.parameters.forbidden_roles.get(role)
    if name and not (role == DELEGATE and grant.get("condition")):
        yield f"roleDefinitionId is that of {name}"


def grant_narrow_scope(grant: Resource) -> Findings:
    scope = str(grant.get("scope") or "")
    if WIDE.fullmatch(scope):
        yield f"scope is {scope}"


def grant_to_groups(grant: Resource) -> Findings:
    return must_not_be(grant, "principalType", "User")


def grant_principal_type(grant: Resource) -> Findings:
    return must_be_set(grant, "principalType")


def _actions(role: Resource) -> list[str]:
    return [
        str(action)
        for permission in role.items("permissions")
        for kind in ("actions", "dataActions")
        for action in permission.get(kind) or []
    ]


def role_without_wildcard(role: Resource) -> Findings:
    for action in _actions(role):
        if "*" in action and not action.casefold().endswith("/read"):
            yield f"permissions allow {action}"


def role_cannot_grant(role: Resource) -> Findings:
    for action in _actions(role):
        if action == "*" or GRANTING.fullmatch(action):
            yield f"permissions allow {action}"


def stateful_protected(resource: Resource) -> Findings:
    if not resource.protected:
        yield "protect is false"


def data_locked(resource: Resource, stack: Stack) -> Findings:
    if not stack.referring(resource, LOCK, "scope"):
        yield "no lock is declared for it"

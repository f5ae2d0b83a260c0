"""Grants, roles, and what keeps resources from being deleted."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from policies.checks.conditions import Findings, must_be_set, must_not_be
from policies.resource import Resource, Stack

LOCK = "authorization:ManagementLockByScope"
DELEGATE = "f58310d9-a9f6-439a-9e8d-f62e7b41a168"
"""Role Based Access Control Administrator, whom a condition can hold to some roles."""
WIDE = re.compile(r"/|/subscriptions/[^/]+/?|/providers/Microsoft\.Management/.*", re.IGNORECASE)
GRANTING = (
    "Microsoft.Authorization/elevateAccess/action",
    "Microsoft.Authorization/roleAssignments/write",
    "Microsoft.Authorization/roleAssignmentScheduleRequests/write",
    "Microsoft.Authorization/roleDefinitions/write",
    "Microsoft.Authorization/roleEligibilityScheduleRequests/write",
)
"""Operations by which one gets or gives rights."""


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


def role_without_wildcard(role: Resource) -> Findings:
    agreed = {action.casefold() for action in role.parameters.role_wildcards}
    for permission in role.items("permissions"):
        for kind in ("actions", "dataActions"):
            for action in permission.get(kind) or []:
                name = action.casefold()
                if "*" in name and not name.endswith("/read") and name not in agreed:
                    yield f"permissions allow {action}"


def role_cannot_grant(role: Resource) -> Findings:
    for permission in role.items("permissions"):
        left_out = permission.get("notActions") or []
        left = [grant for grant in GRANTING if not any(_names(one, grant) for one in left_out)]
        for action in permission.get("actions") or []:
            if any(_names(action, grant) for grant in left):
                yield f"permissions allow {action}"


def _names(action: str, operation: str) -> bool:
    """Whether an action of a role, which may have wildcards, names an operation."""
    return fnmatchcase(operation.casefold(), action.casefold())


def stateful_protected(resource: Resource) -> Findings:
    if not resource.protected:
        yield "protect is false"


def data_locked(resource: Resource, stack: Stack) -> Findings:
    if not stack.referring(resource, LOCK, "scope"):
        yield "no lock is declared for it"

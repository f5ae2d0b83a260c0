"""Whether the caller may do what `up` does: make each type of resource, and assign roles."""

from __future__ import annotations

from collections.abc import Iterator

from ops import permissions
from ops.doctor.case import Case
from ops.doctor.finding import Finding, ok, problem

GROUPS = "Microsoft.Resources/resourceGroups"
AUTHORIZATION = "Microsoft.Authorization/"


def check(case: Case) -> Iterator[Finding]:
    """At the group where it is there, else at the subscription, where the group is to be made."""
    scope = case.group if case.group_exists else case.root
    blocks = permissions.granted(case.arm, scope)
    needed = list(dict.fromkeys(_action(kind) for kind in case.plan.kinds()))
    missing = permissions.missing(blocks, needed)
    grants = [action for action in missing if action.startswith(AUTHORIZATION)]
    others = [action for action in missing if not action.startswith(AUTHORIZATION)]
    who = f"{case.principal.type} {case.principal.name}"
    if others:
        yield problem(
            f"The {who} lacks at {scope}: {', '.join(others)}.",
            _assign(case, "Contributor", scope),
        )
    if grants:
        # Locks and roles of one's own are the access administrator's too, but not of who may
        # only assign roles.
        role = "Role Based Access Control Administrator"
        if any("roleAssignments" not in action for action in grants):
            role = "User Access Administrator"
        yield problem(
            f"The {who} lacks at {scope}: {', '.join(grants)}.", _assign(case, role, scope)
        )
    if not missing:
        yield ok(f"the {who} may do the {len(needed)} things at {scope} that 'up' does")


def _action(kind: str) -> str:
    if kind == GROUPS:
        return "Microsoft.Resources/subscriptions/resourceGroups/write"
    return f"{kind}/write"


def _assign(case: Case, role: str, scope: str) -> str:
    kind = "User" if case.principal.type == "user" else "ServicePrincipal"
    return (
        f"az role assignment create --role '{role}' --scope {scope} --assignee-object-id "
        f"{case.principal.id} --assignee-principal-type {kind}"
    )

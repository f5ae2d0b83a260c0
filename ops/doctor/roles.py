"""Whether the caller may do what `up` does: make each type of resource, and assign roles."""

from __future__ import annotations

from collections.abc import Iterator

from ops import permissions
from ops.doctor.case import Case
from ops.doctor.finding import Finding, ok, problem

GROUPS = "Microsoft.Resources/resourceGroups"
AUTHORIZATION = "Microsoft.Authorization/"
_GRANTING = {
    f"{AUTHORIZATION}roleAssignments/write": "Role Based Access Control Administrator",
    f"{AUTHORIZATION}locks/write": "Locks Contributor",
}
"""The access administrator may do both, and define roles too."""


def check(case: Case) -> Iterator[Finding]:
    """At the group where it is there, else at the subscription, where the group is to be made."""
    scope = case.group if case.group_exists else case.root
    blocks = permissions.granted(case.arm, scope)
    needed = list(dict.fromkeys(action(kind) for kind in case.plan.kinds()))
    missing = permissions.missing(blocks, needed)
    grants = [one for one in missing if one.startswith(AUTHORIZATION)]
    others = [one for one in missing if not one.startswith(AUTHORIZATION)]
    who = f"{case.principal.type} {case.principal.name}"
    if others:
        yield problem(
            f"The {who} lacks at {scope}: {', '.join(others)}.",
            assign(case, "Contributor", scope),
        )
    if grants:
        yield problem(
            f"The {who} lacks at {scope}: {', '.join(grants)}.",
            "; ".join(assign(case, role, scope) for role in _least(grants)),
        )
    if not missing:
        yield ok(f"the {who} may do the {len(needed)} things at {scope} that 'up' does")


def _least(grants: list[str]) -> list[str]:
    """The roles that allow these and least else."""
    roles = dict.fromkeys(_GRANTING.get(one, "User Access Administrator") for one in grants)
    return ["User Access Administrator"] if "User Access Administrator" in roles else list(roles)


def action(kind: str) -> str:
    """What whoever makes a resource of this type has to be allowed."""
    if kind == GROUPS:
        return "Microsoft.Resources/subscriptions/resourceGroups/write"
    return f"{kind}/write"


def assign(case: Case, role: str, scope: str) -> str:
    """The command that gives whoever is logged in the role."""
    kind = "User" if case.principal.type == "user" else "ServicePrincipal"
    return (
        f"az role assignment create --role '{role}' --scope {scope} --assignee-object-id "
        f"{case.principal.id} --assignee-principal-type {kind}"
    )

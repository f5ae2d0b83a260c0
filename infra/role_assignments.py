"""Role assignments: who may do what to which resource, each with the reason for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_azure_native import authorization

from infra.names import Names
from infra.settings import table


@dataclass(frozen=True)
class Grant:
    key: str
    """Names the assignment within the environment; a new key is a new assignment."""
    principal_id: pulumi.Input[str]
    principal_type: str
    role: str
    """As in roles.yaml."""
    scope: pulumi.Input[str]
    why: str
    """Shown in Azure as the assignment's description."""
    condition: str | None = None
    """What the role is bound to beside its scope, in Azure's language of conditions (2.0)."""
    subscription: str | None = None
    """Of the scope; None: as the scope says where it is known, else the environment's own."""
    formerly: str | None = None
    """The key that it may have in a state of before: it stays what it is there, its name too."""


@dataclass(frozen=True)
class RoleAssignmentsArgs:
    names: Names
    grants: Sequence[Grant]
    definitions: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Ids of the roles that are our own, by name; all others are Azure's."""


class RoleAssignments(pulumi.ComponentResource):
    """Does not manage role definitions, nor when Azure takes notice: that may be minutes later."""

    def __init__(
        self, name: str, args: RoleAssignmentsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:RoleAssignments", name, None, opts)
        self.assignments = [
            authorization.RoleAssignment(
                f"{name}-{grant.key}",
                role_assignment_name=args.names.role_assignment(grant.key),
                principal_id=grant.principal_id,
                # Without it Azure looks the principal up, and does not find one that is new.
                principal_type=grant.principal_type,
                role_definition_id=_role_id(grant, args),
                scope=grant.scope,
                description=grant.why,
                condition=grant.condition,
                condition_version="2.0" if grant.condition else None,
                opts=pulumi.ResourceOptions(
                    parent=self,
                    aliases=[pulumi.Alias(name=f"{name}-{grant.formerly}")]
                    if grant.formerly
                    else None,
                    ignore_changes=["roleAssignmentName"] if grant.formerly else None,
                ),
            )
            for grant in args.grants
        ]
        self.register_outputs({})


def _role_id(grant: Grant, args: RoleAssignmentsArgs) -> pulumi.Input[str]:
    if grant.role in args.definitions:
        return args.definitions[grant.role]
    subscription = grant.subscription or _subscription(grant.scope) or args.names.subscription
    return (
        f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/"
        f"{table('roles.yaml')[grant.role]}"
    )


def _subscription(scope: pulumi.Input[str]) -> str | None:
    """Of what was there before; what is made is known only later, and in our own."""
    found = re.match(r"/subscriptions/([^/]+)/", scope) if isinstance(scope, str) else None
    return found and found[1]

"""Role assignments: who may do what to which resource, each with the reason for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class RoleAssignmentsArgs:
    names: Names
    grants: Sequence[Grant]


class RoleAssignments(pulumi.ComponentResource):
    """Does not manage role definitions: the roles are Azure's own."""

    def __init__(
        self, name: str, args: RoleAssignmentsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:RoleAssignments", name, None, opts)
        definitions = (
            f"/subscriptions/{args.names.subscription}"
            "/providers/Microsoft.Authorization/roleDefinitions"
        )
        self.assignments = [
            authorization.RoleAssignment(
                f"{name}-{grant.key}",
                role_assignment_name=args.names.role_assignment(grant.key),
                principal_id=grant.principal_id,
                # Without it Azure looks the principal up, and does not find one that is new.
                principal_type=grant.principal_type,
                role_definition_id=f"{definitions}/{table('roles.yaml')[grant.role]}",
                scope=grant.scope,
                description=grant.why,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for grant in args.grants
        ]
        self.register_outputs({})

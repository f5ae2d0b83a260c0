"""Roles of our own, where Azure has none that allows just what is needed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import authorization

from infra.names import Names
from infra.settings import table


@dataclass(frozen=True)
class RoleDefinitionsArgs:
    names: Names
    scope: pulumi.Input[str]
    """Where the roles can be given: the environment's resource group."""
    roles: Iterable[str]
    """Those of role-definitions.yaml that somebody has."""


class RoleDefinitions(pulumi.ComponentResource):
    """Does not manage who has them. A role's name in Azure is of this environment alone, because a
    directory has each name once.
    """

    def __init__(
        self, name: str, args: RoleDefinitionsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:RoleDefinitions", name, None, opts)
        known = table("role-definitions.yaml")
        self.definitions = {
            role: authorization.RoleDefinition(
                f"{name}-{role.lower().replace(' ', '-')}",
                role_definition_id=args.names.role_definition(role),
                role_name=f"{role} {args.names.workload}-{args.names.environment}",
                role_type="CustomRole",
                description=known[role]["description"],
                scope=args.scope,
                assignable_scopes=[args.scope],
                permissions=[
                    {
                        "actions": known[role].get("actions", []),
                        "not_actions": known[role].get("not_actions", []),
                        "data_actions": known[role].get("data_actions", []),
                        "not_data_actions": known[role].get("not_data_actions", []),
                    }
                ],
                opts=pulumi.ResourceOptions(parent=self),
            )
            for role in sorted(set(args.roles) & known.keys())
        }
        self.register_outputs({"roles": sorted(self.definitions)})

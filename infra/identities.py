"""The identities that act in an environment: one a purpose, each with its own grants only."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import managedidentity

from infra.names import Names
from infra.placement import Placement


@dataclass(frozen=True)
class IdentitiesArgs:
    names: Names
    placement: Placement


class Identities(pulumi.ComponentResource):
    """Does not manage what they may do: see `role_assignments`."""

    def __init__(
        self, name: str, args: IdentitiesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:Identities", name, None, opts)
        self.workspace = self._identity(name, args, "workspace")
        self.compute = self._identity(name, args, "compute")
        self.endpoint = self._identity(name, args, "endpoint")
        self.register_outputs(
            {
                "workspace": self.workspace.id,
                "compute": self.compute.id,
                "endpoint": self.endpoint.id,
            }
        )

    def _identity(
        self, name: str, args: IdentitiesArgs, purpose: str
    ) -> managedidentity.UserAssignedIdentity:
        return managedidentity.UserAssignedIdentity(
            f"{name}-{purpose}",
            resource_name_=args.names.identity(purpose),
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            tags=args.placement.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

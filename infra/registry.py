"""A container registry for the images of environments, where a stack wants its own."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import containerregistry

from infra.placement import Placement


@dataclass(frozen=True)
class RegistryArgs:
    registry_name: str
    placement: Placement


class Registry(pulumi.ComponentResource):
    """Does not manage images. Without it the service makes a registry when it first needs one."""

    def __init__(
        self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:Registry", name, None, opts)
        self.registry = containerregistry.Registry(
            f"{name}-registry",
            registry_name=args.registry_name,
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            sku={"name": "Standard"},
            admin_user_enabled=False,
            anonymous_pull_enabled=False,
            public_network_access="Enabled",
            tags=args.placement.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"id": self.registry.id})

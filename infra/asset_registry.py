"""The Azure Machine Learning registry: assets that workspaces of many environments share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import machinelearningservices

from infra.placement import Placement


@dataclass(frozen=True)
class AssetRegistryArgs:
    registry_name: str
    placement: Placement
    regions: Sequence[str]
    """Its own first."""
    redundancy: str
    public: bool
    description: str


class AssetRegistry(pulumi.ComponentResource):
    """Does not manage the assets, nor the group in which the service keeps its storage accounts and
    container registries: that comes and goes with the registry.

    A region can be added; the service takes one away only by an action of its own.
    """

    def __init__(
        self, name: str, args: AssetRegistryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:AssetRegistry", name, None, opts)
        described = {"description": args.description} if args.description else {}
        self.registry = machinelearningservices.Registry(
            f"{name}-registry",
            registry_name=args.registry_name,
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            identity={"type": "SystemAssigned"},
            public_network_access="Enabled" if args.public else "Disabled",
            region_details=[
                {
                    "location": region,
                    "acr_details": [{"system_created_acr_account": {"acr_account_sku": "Premium"}}],
                    "storage_account_details": [
                        {
                            "system_created_storage_account": {
                                "storage_account_type": f"Standard_{args.redundancy}",
                                "storage_account_hns_enabled": False,
                                "allow_blob_public_access": False,
                            }
                        }
                    ],
                }
                for region in args.regions
            ],
            tags={**args.placement.tags, **described},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"id": self.registry.id, "name": self.registry.name})

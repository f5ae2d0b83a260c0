"""The Azure Machine Learning registry: assets that workspaces of many environments share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import machinelearningservices

from infra.placement import Placement
from infra.rest import Get
from infra.settings import FaultsError

API_VERSION = "2024-04-01"


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


def check_regions(
    registry: str, regions: Sequence[str], get: Get, warn: Callable[[str], None]
) -> None:
    """Raises FaultsError where the registry, by its id, has regions that settings leave out: an
    update cannot take them away, and would fail half-way. Where Azure does not answer, warns.
    """
    try:
        found = get(registry, API_VERSION)
    except OSError as error:
        warn(f"cannot tell in which regions {registry} is: {error}")
        return
    details = found["properties"]["regionDetails"] if found else []
    there = [one["location"].replace(" ", "").lower() for one in details]
    left_out = [region for region in there if region not in regions]
    if left_out:
        raise FaultsError.at(
            "regions",
            f"the registry is in {', '.join(left_out)}, too, which an update cannot take away; add "
            "that here, or have the service take it away by its action removeRegions "
            "(Microsoft's REST reference, 'Registries - Remove Regions'), then run amlops refresh",
        )

"""Private endpoints: addresses in the virtual network at which the services answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network

from infra.identities import Identities
from infra.names import Names
from infra.placement import Placement
from infra.role_assignments import Grant
from infra.settings import table

STORES = ("storage", "lake")
"""Services of private-links.yaml whose data the studio shows."""


@dataclass(frozen=True)
class PrivateEndpointsArgs:
    names: Names
    placement: Placement
    subnet: pulumi.Input[str]
    """Id of the subnet that they lie in."""
    zones: Mapping[str, pulumi.Input[str]]
    """Ids of private DNS zones by name."""
    targets: Mapping[str, pulumi.Input[str]]
    """Ids of the resources by their service in private-links.yaml."""


class PrivateEndpoints(pulumi.ComponentResource):
    """Does not manage the endpoints inside a workspace's managed network: the service makes them.

    Nor approvals: who deploys may approve for resources of the same subscription, so Azure does.
    """

    def __init__(
        self, name: str, args: PrivateEndpointsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:PrivateEndpoints", name, None, opts)
        links = table("private-links.yaml")
        self.endpoints = {
            f"{service}-{subresource}": self._endpoint(
                name, f"{service}-{subresource}", subresource, target, args
            )
            for service, target in args.targets.items()
            for subresource in links[service]
        }
        self.named: Sequence[pulumi.Resource] = [
            self._names(name, f"{service}-{subresource}", zones, args)
            for service in args.targets
            for subresource, zones in links[service].items()
        ]
        """What to wait for where the services are to be found at their private addresses."""
        self.register_outputs({"names": sorted(self.endpoints)})

    def _endpoint(
        self,
        name: str,
        key: str,
        subresource: str,
        target: pulumi.Input[str],
        args: PrivateEndpointsArgs,
    ) -> network.PrivateEndpoint:
        return network.PrivateEndpoint(
            f"{name}-{key}",
            private_endpoint_name=args.names.private_endpoint(key),
            custom_network_interface_name=f"{args.names.private_endpoint(key)}-nic",
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            subnet={"id": args.subnet},
            private_link_service_connections=[
                {
                    "name": key,
                    "private_link_service_id": target,
                    "group_ids": [subresource],
                }
            ],
            tags=args.placement.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _names(
        self, name: str, key: str, zones: list[str], args: PrivateEndpointsArgs
    ) -> network.PrivateDnsZoneGroup:
        return network.PrivateDnsZoneGroup(
            f"{name}-names-{key}",
            private_dns_zone_group_name="default",
            private_endpoint_name=self.endpoints[key].name,
            resource_group_name=args.placement.resource_group,
            private_dns_zone_configs=[
                {"name": zone.replace(".", "-"), "private_dns_zone_id": args.zones[zone]}
                for zone in zones
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )


def studio_grants(endpoints: PrivateEndpoints, identities: Identities) -> list[Grant]:
    """ "Grant the workspace managed identity the Reader role for storage private endpoints", "Use
    Azure Machine Learning studio in an Azure virtual network", Microsoft Learn.
    """
    return [
        Grant(
            f"workspace-endpoint-{key}",
            identities.workspace.principal_id,
            "ServicePrincipal",
            "Reader",
            endpoint.id,
            "The studio shows data behind a private endpoint that the workspace can see.",
        )
        for key, endpoint in endpoints.endpoints.items()
        if key.split("-")[0] in STORES
    ]

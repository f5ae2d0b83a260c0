"""The virtual network of an environment: subnets, what may pass, names of private endpoints."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_azure_native import network, privatedns

from infra import settings
from infra.names import Names
from infra.placement import Placement
from infra.settings import table

# Every rule has its own number, the closing one the last that Azure gives.
FIRST, STEP, LAST = 100, 10, 4096


@dataclass(frozen=True)
class NetworkArgs:
    names: Names
    placement: Placement
    network: settings.Network
    services: Sequence[str]
    """Services of private-links.yaml that private endpoints will lead to."""
    special: Collection[str] = ()
    """What the environment has of what rules of network-rules.yaml are only for."""


class Network(pulumi.ComponentResource):
    """Does not manage what was there before: an existing virtual network keeps its rules, existing
    DNS zones their links. Nor peerings, gateways and firewalls: how people get in is theirs.

    Subnets are part of the virtual network and no resources of their own: made one by one, each
    waits for the one before, and the virtual network takes away those it does not know.
    """

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:Network", name, None, opts)
        self.security_groups: dict[str, network.NetworkSecurityGroup] = {}
        """By the subnet that each guards; none where the virtual network was there before."""
        self.address: network.PublicIPAddress | None = None
        """Of the NAT gateway, where one is made."""
        existing = args.network.existing
        if existing.virtual_network and existing.subnets:
            self.id: pulumi.Output[str] = pulumi.Output.from_input(existing.virtual_network)
            subnets: dict[str, str] = existing.subnets.model_dump(exclude_none=True)
        else:
            self.id = self._virtual_network(name, args).id
            subnets = {key: args.names.subnet(key) for key in args.network.ranges()}
        self.subnets = {
            key: pulumi.Output.concat(self.id, "/subnets/", subnet)
            for key, subnet in subnets.items()
        }
        self.zones = self._zones(name, args)
        self.register_outputs({"id": self.id, "subnets": self.subnets})

    @property
    def compute_subnet(self) -> pulumi.Output[str] | None:
        """Id of the subnet for clusters and instances; None: they are in the service's network."""
        return self.subnets.get("compute")

    @property
    def kubernetes_subnet(self) -> pulumi.Output[str] | None:
        return self.subnets.get("kubernetes")

    @property
    def endpoints_subnet(self) -> pulumi.Output[str]:
        return self.subnets["endpoints"]

    def _virtual_network(self, name: str, args: NetworkArgs) -> network.VirtualNetwork:
        gateway = self._nat_gateway(name, args) if args.network.makes_nat_gateway else None
        self.security_groups = {
            key: self._security_group(name, key, args) for key in args.network.ranges()
        }
        subnets = [
            {
                "name": args.names.subnet(key),
                "address_prefix": addresses,
                "network_security_group": {"id": self.security_groups[key].id},
                "nat_gateway": {"id": gateway.id} if gateway and key != "endpoints" else None,
                "default_outbound_access": False,
                # So that the rules hold for the private endpoints, too.
                "private_endpoint_network_policies": "Enabled",
                "private_link_service_network_policies": "Enabled",
            }
            for key, addresses in args.network.ranges().items()
        ]
        return network.VirtualNetwork(
            f"{name}-network",
            virtual_network_name=args.names.virtual_network,
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            address_space={
                "address_prefixes": [args.network.addresses or settings.network.ADDRESSES]
            },
            subnets=subnets,
            tags=args.placement.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _security_group(
        self, name: str, key: str, args: NetworkArgs
    ) -> network.NetworkSecurityGroup:
        return network.NetworkSecurityGroup(
            f"{name}-rules-{key}",
            network_security_group_name=args.names.security_group(key),
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            security_rules=security_rules(
                table("network-rules.yaml")[key],
                str(args.placement.location),
                closed_outbound=key == "compute" and args.network.approved_only,
                special=args.special,
            ),
            tags=args.placement.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _nat_gateway(self, name: str, args: NetworkArgs) -> network.NatGateway:
        self.address = network.PublicIPAddress(
            f"{name}-address",
            public_ip_address_name=args.names.public_address("nat"),
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            sku={"name": "Standard", "tier": "Regional"},
            public_ip_address_version="IPv4",
            public_ip_allocation_method="Static",
            tags=args.placement.tags,
            # The service writes there who uses it.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["natGateway"]),
        )
        return network.NatGateway(
            f"{name}-nat",
            nat_gateway_name=args.names.nat_gateway,
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            sku={"name": "Standard"},
            public_ip_addresses=[{"id": self.address.id}],
            tags=args.placement.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _zones(self, name: str, args: NetworkArgs) -> dict[str, pulumi.Input[str]]:
        """The ids of the private DNS zones by name, each linked to the virtual network."""
        links = table("private-links.yaml")
        wanted = sorted({z for key in args.services for zs in links[key].values() for z in zs})
        group = args.network.existing.dns_zones
        if group:
            return {z: f"{group}/providers/Microsoft.Network/privateDnsZones/{z}" for z in wanted}
        return {zone: self._zone(name, zone, args) for zone in wanted}

    def _zone(self, name: str, zone: str, args: NetworkArgs) -> pulumi.Output[str]:
        made = privatedns.PrivateZone(
            f"{name}-zone-{zone}",
            private_zone_name=zone,
            resource_group_name=args.placement.resource_group,
            location="global",
            tags=args.placement.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        link = privatedns.VirtualNetworkLink(
            f"{name}-link-{zone}",
            virtual_network_link_name=args.names.virtual_network,
            private_zone_name=made.name,
            resource_group_name=args.placement.resource_group,
            location="global",
            registration_enabled=False,
            virtual_network={"id": self.id},
            tags=args.placement.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        # Whoever uses the zone waits for its link: an endpoint is of use only with its name.
        return pulumi.Output.all(made.id, link.id).apply(lambda ids: str(ids[0]))


def special(chosen: settings.Settings) -> set[str]:
    """What rules of network-rules.yaml are only for, and these settings ask for."""
    computes: list[Any] = [*chosen.instances.values(), *chosen.clusters.values()]
    machines = [getattr(one, "create", None) for one in chosen.attached.values()]
    found = {
        "high_business_impact": chosen.workspace.high_business_impact,
        "public_nodes": any(one.public_ip and not one.subnet for one in computes),
        "public_machines": any(one and one.public_ip and not one.subnet for one in machines),
    }
    return {name for name, there in found.items() if there}


def security_rules(
    rows: Mapping[str, Any], region: str, *, closed_outbound: bool, special: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Rules of a network security group out of a row of network-rules.yaml."""
    rules = []
    for direction in ("inbound", "outbound"):
        for index, row in enumerate(rows.get(direction, [])):
            if row.get("if", "") not in {"", *special}:
                continue
            tag = row["tag"].format(region=region)
            rules.append(
                {
                    "name": f"Allow{row['name']}{direction.capitalize()}",
                    "priority": FIRST + STEP * index,
                    "direction": direction.capitalize(),
                    "access": "Allow",
                    "protocol": row.get("protocol", "Tcp"),
                    "source_address_prefix": tag if direction == "inbound" else "VirtualNetwork",
                    "source_port_range": "*",
                    "destination_address_prefix": (
                        "VirtualNetwork" if direction == "inbound" else tag
                    ),
                    "destination_port_ranges": row["ports"],
                }
            )
    if rows.get("closed"):
        rules.append(_denial("Inbound", "*"))
    if closed_outbound:
        rules.append(_denial("Outbound", "Internet"))
    return rules


def _denial(direction: str, destination: str) -> dict[str, Any]:
    return {
        "name": f"DenyOther{direction}",
        "priority": LAST,
        "direction": direction,
        "access": "Deny",
        "protocol": "*",
        "source_address_prefix": "*",
        "source_port_range": "*",
        "destination_address_prefix": destination,
        "destination_port_range": "*",
    }

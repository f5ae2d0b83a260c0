"""Virtual networks with their subnets, network security groups with their rules, NAT gateways.

They say what is connected to what; packets go over the machine's own loopback.
"""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import conflict, invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.inline import Inline
from sandbox.arm.references import users
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource
from sandbox.arm.types import Body, Change, ResourceType

if TYPE_CHECKING:
    from sandbox.azure import Azure

NETWORKS = "Microsoft.Network/virtualNetworks"
SUBNETS = f"{NETWORKS}/subnets"
GROUPS = "Microsoft.Network/networkSecurityGroups"
RULES = f"{GROUPS}/securityRules"
INTERFACES = "Microsoft.Network/networkInterfaces"
ENDPOINTS = "Microsoft.Network/privateEndpoints"
GATEWAYS = "Microsoft.Network/natGateways"
PRIORITIES = range(100, 4097)  # "Network security groups": 100 to 4096
# "Azure reserves the first four and the last address of each subnet", Virtual Network FAQ.
RESERVED = 4
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def addresses(subnet: Resource) -> list[str]:
    """The address ranges of a subnet, which says one or several."""
    properties = subnet.properties
    one = properties.get("addressPrefix")
    return [str(one)] if one else [str(item) for item in properties.get("addressPrefixes") or []]


def free_addresses(azure: Azure, subnet: Resource) -> Iterator[str]:
    """The addresses of a subnet that nothing has yet, lowest first."""
    taken = {
        configuration["properties"]["privateIPAddress"]
        for interface in azure.resources.list(INTERFACES)
        for configuration in interface.properties["ipConfigurations"]
    }
    for text in addresses(subnet):
        whole = ipaddress.ip_network(text)
        for number in range(RESERVED, whole.num_addresses - 1):
            address = str(whole[number])
            if address not in taken:
                yield address


def _refuse_in_use(word: str, code: str) -> Any:
    def refuse(azure: Azure, resource: Resource, _request: Request | None = None) -> None:
        found = users(azure, resource.id)
        if found:
            raise conflict(
                f"{word} {resource.name} is in use by {found[0].id} and cannot be deleted. "
                "Delete all that is in it first.",
                code,
            )

    return refuse


_refuse_subnet = _refuse_in_use("Subnet", "InUseSubnetCannotBeDeleted")


def _check_subnet(azure: Azure, subnet: Resource, beside: list[Resource]) -> None:
    """Raises what the service answers: outside the network, over another subnet, in use."""
    ranges = addresses(subnet)
    if not ranges:
        raise invalid(
            f"Subnet '{subnet.name}' has no address prefix.",
            "properties.addressPrefix",
            code="NetcfgMissingSubnetAddressPrefix",
        )
    own = [_network(text, subnet) for text in ranges]
    for other in beside:
        if other.name.lower() == subnet.name.lower():
            continue
        for text in addresses(other):
            if any(part.overlaps(_network(text, other)) for part in own):
                raise invalid(
                    f"Subnet '{subnet.name}' is not valid because its IP address range overlaps "
                    f"with that of an existing subnet '{other.name}'.",
                    "properties.addressPrefix",
                    code="NetcfgSubnetRangesOverlap",
                )
    before = azure.resources.get(subnet.id)
    if before and addresses(before) != ranges and users(azure, subnet.id):
        raise conflict(
            f"Subnet {subnet.name} is in use and cannot be updated.", "InUseSubnetCannotBeUpdated"
        )
    for name in ("networkSecurityGroup", "natGateway", "routeTable"):
        target = (subnet.properties.get(name) or {}).get("id")
        if target and azure.resources.get(ResourceId.parse(target)) is None:
            raise invalid(
                f"Resource {target} referenced by resource {subnet.id} was not found.",
                f"properties.{name}.id",
                code="InvalidResourceReference",
            )


def _within(part: Network, whole: Network) -> bool:
    if isinstance(part, ipaddress.IPv4Network):
        return isinstance(whole, ipaddress.IPv4Network) and part.subnet_of(whole)
    return isinstance(whole, ipaddress.IPv6Network) and part.subnet_of(whole)


def _network(text: str, subnet: Resource) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise invalid(
            f"Subnet '{subnet.name}': {error}.",
            "properties.addressPrefix",
            code="InvalidCIDRNotation",
        ) from None


SUBNETS_OF_NETWORK = Inline("subnets", _check_subnet, _refuse_subnet)


def _check_space(space: list[str], subnets: list[Resource]) -> None:
    whole = [ipaddress.ip_network(text) for text in space]
    for subnet in subnets:
        for text in addresses(subnet):
            part = _network(text, subnet)
            if not any(_within(part, all_) for all_ in whole):
                raise invalid(
                    f"Subnet '{subnet.name}' is not valid because its IP address range is outside "
                    "the IP address range of the virtual network.",
                    "properties.addressPrefix",
                    code="NetcfgInvalidSubnet",
                )


def _prepare_network(azure: Azure, change: Change) -> None:
    network = change.resource
    network.private.setdefault("guid", str(uuid.uuid4()))
    space = (network.properties.get("addressSpace") or {}).get("addressPrefixes") or []
    if not space:
        raise invalid(
            "A virtual network needs an address space.",
            "properties.addressSpace.addressPrefixes",
            code="AddressSpaceMissing",
        )
    for text in space:
        try:
            ipaddress.ip_network(text)
        except ValueError as error:
            raise invalid(
                f"The address space is not valid: {error}.",
                "properties.addressSpace.addressPrefixes",
                code="InvalidCIDRNotation",
            ) from None
    SUBNETS_OF_NETWORK.take(azure, change)
    wanted = network.private.get("wanted")
    subnets = (
        SUBNETS_OF_NETWORK.children(azure, network.id)
        if wanted is None
        else [Resource(network.id.child("subnets", name), body) for name, body in wanted.items()]
    )
    _check_space(space, subnets)


def _view_network(azure: Azure, network: Resource, body: Body) -> None:
    SUBNETS_OF_NETWORK.show(azure, network, body)
    body["properties"]["resourceGuid"] = network.private["guid"]
    body["properties"].setdefault("enableDdosProtection", False)
    body["properties"].setdefault("virtualNetworkPeerings", [])


def _refuse_network(azure: Azure, network: Resource, _request: Request) -> None:
    for subnet in SUBNETS_OF_NETWORK.children(azure, network.id):
        _refuse_subnet(azure, subnet)


def _prepare_subnet(azure: Azure, change: Change) -> None:
    subnet = change.resource
    network = azure.resources.need(str(subnet.id.parent))
    _check_subnet(azure, subnet, SUBNETS_OF_NETWORK.children(azure, network.id))
    _check_space(network.properties["addressSpace"]["addressPrefixes"], [subnet])


def _view_subnet(azure: Azure, subnet: Resource, body: Body) -> None:
    properties = body["properties"]
    properties.setdefault("delegations", [])
    properties.setdefault("privateEndpointNetworkPolicies", "Disabled")
    properties.setdefault("privateLinkServiceNetworkPolicies", "Enabled")
    found = users(azure, subnet.id)
    endpoints = [{"id": str(item.id)} for item in found if item.type == ENDPOINTS]
    configurations = [
        {"id": configuration["id"]}
        for item in found
        if item.type == INTERFACES
        for configuration in item.properties["ipConfigurations"]
    ]
    if endpoints:
        properties["privateEndpoints"] = endpoints
    if configurations:
        properties["ipConfigurations"] = configurations


def _check_rule(_azure: Azure, rule: Resource, beside: list[Resource]) -> None:
    properties = rule.properties
    priority = properties.get("priority")
    if priority not in PRIORITIES:
        raise invalid(
            f"Security rule '{rule.name}' has priority {priority}; allowed are 100 to 4096.",
            "properties.priority",
            code="SecurityRuleInvalidPriority",
        )
    for other in beside:
        same = (priority, properties.get("direction")) == (
            other.properties.get("priority"),
            other.properties.get("direction"),
        )
        if same and other.name.lower() != rule.name.lower():
            raise invalid(
                f"Security rules '{rule.name}' and '{other.name}' have the same priority and "
                "direction.",
                "properties.priority",
                code="SecurityRuleConflict",
            )
    for end in ("source", "destination"):
        names = [f"{end}PortRange", f"{end}PortRanges"]
        if sum(1 for name in names if properties.get(name)) != 1:
            raise invalid(
                f"Security rule '{rule.name}' must say one of {' and '.join(names)}.",
                f"properties.{names[0]}",
                code="SecurityRuleParameterContainsUnsupportedValue",
            )


RULES_OF_GROUP = Inline("securityRules", _check_rule, lambda _azure, _rule: None)


def _prepare_group(azure: Azure, change: Change) -> None:
    change.resource.private.setdefault("guid", str(uuid.uuid4()))
    RULES_OF_GROUP.take(azure, change)


def _view_group(azure: Azure, group: Resource, body: Body) -> None:
    RULES_OF_GROUP.show(azure, group, body)
    body["properties"]["resourceGuid"] = group.private["guid"]
    subnets = [{"id": str(item.id)} for item in users(azure, group.id) if item.type == SUBNETS]
    if subnets:
        body["properties"]["subnets"] = subnets


def _prepare_rule(azure: Azure, change: Change) -> None:
    rule = change.resource
    _check_rule(azure, rule, RULES_OF_GROUP.children(azure, ResourceId.parse(str(rule.id.parent))))


def _view_gateway(azure: Azure, gateway: Resource, body: Body) -> None:
    body["properties"].setdefault("idleTimeoutInMinutes", 4)
    subnets = [{"id": str(item.id)} for item in users(azure, gateway.id)]
    if subnets:
        body["properties"]["subnets"] = subnets


TYPES = [
    ResourceType(
        NETWORKS,
        tracked=True,
        prepare=_prepare_network,
        provision=SUBNETS_OF_NETWORK.settle,
        refuse_delete=_refuse_network,
        view=_view_network,
    ),
    ResourceType(SUBNETS, prepare=_prepare_subnet, refuse_delete=_refuse_subnet, view=_view_subnet),
    ResourceType(
        GROUPS,
        tracked=True,
        prepare=_prepare_group,
        provision=RULES_OF_GROUP.settle,
        refuse_delete=_refuse_in_use(
            "Network security group", "InUseNetworkSecurityGroupCannotBeDeleted"
        ),
        view=_view_group,
    ),
    ResourceType(RULES, prepare=_prepare_rule),
    ResourceType(
        GATEWAYS,
        tracked=True,
        needs=("properties.publicIpAddresses[].id",),
        refuse_delete=_refuse_in_use("NAT gateway", "InUseNatGatewayCannotBeDeleted"),
        view=_view_gateway,
    ),
]

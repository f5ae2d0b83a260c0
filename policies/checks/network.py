"""Virtual networks, private endpoints, private DNS."""

from __future__ import annotations

from functools import partial

from policies.checks.conditions import Findings, any_of, parts, same, shown
from policies.resource import Resource, Stack

ENDPOINT = "network:PrivateEndpoint"
CONNECTIONS = ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
ANYONE = {"*", "internet", "any", "0.0.0.0/0", "::/0"}
WITHOUT_GROUP = {
    "gatewaysubnet",
    "azurebastionsubnet",
    "azurefirewallsubnet",
    "azurefirewallmanagementsubnet",
    "routeserversubnet",
}
"""Subnets of Azure's own services, which take no security group, or one of their own making."""
_rules = partial(
    parts, type_="network:SecurityRule", named="securityRuleName", listed="securityRules"
)
_subnets = partial(parts, type_="network:Subnet", named="subnetName", listed="subnets")


def private_endpoints(resource: Resource, stack: Stack) -> list[Resource]:
    """Those in the stack that lead to a resource."""
    return stack.referring(resource, ENDPOINT, *CONNECTIONS)


def reachable_privately(
    resource: Resource, stack: Stack, access: str = "publicNetworkAccess"
) -> Findings:
    """A closed resource has a private endpoint: one in the stack, or those that the managed
    network of a workspace makes by itself for what the workspace stands on.
    """
    if not same(resource.get(access), "Disabled") or private_endpoints(resource, stack):
        return
    for workspace in stack.of("machinelearningservices:Workspace"):
        mode = workspace.get("managedNetwork.isolationMode")
        stands_on = any(resource.urn in urns for urns in workspace.refers.values())
        if stands_on and mode and not same(mode, "Disabled"):
            return
    yield "publicNetworkAccess is Disabled and no private endpoint leads to it"


def inbound_rule_narrow(resource: Resource) -> Findings:
    for name, rule in _rules(resource):
        inbound = same(rule.get("direction"), "Inbound") and same(rule.get("access"), "Allow")
        sources = [rule.get("sourceAddressPrefix"), *(rule.get("sourceAddressPrefixes") or [])]
        if inbound and any_of(sources, ANYONE):
            ports = [rule.get("destinationPortRange"), *(rule.get("destinationPortRanges") or [])]
            told = shown([port for port in ports if port])
            source = shown([item for item in sources if item])
            yield f"rule {name} lets {source} in to port {told}"


def subnet_security_group(resource: Resource) -> Findings:
    for name, subnet in _subnets(resource):
        if name.casefold() not in WITHOUT_GROUP and not subnet.get("networkSecurityGroup"):
            yield f"networkSecurityGroup of subnet {name} is not set"


def subnet_private(resource: Resource) -> Findings:
    for name, subnet in _subnets(resource):
        if (
            name.casefold() not in WITHOUT_GROUP
            and subnet.get("defaultOutboundAccess") is not False
        ):
            value = shown(subnet.get("defaultOutboundAccess"))
            yield f"defaultOutboundAccess of subnet {name} is {value}"


def private_endpoint_named(endpoint: Resource, stack: Stack) -> Findings:
    if not stack.referring(endpoint, "network:PrivateDnsZoneGroup", "privateEndpointName"):
        yield "no PrivateDnsZoneGroup is declared for it"


def private_zone_linked(zone: Resource, stack: Stack) -> Findings:
    if not stack.referring(zone, "privatedns:VirtualNetworkLink", "privateZoneName"):
        yield "no VirtualNetworkLink is declared for it"

"""Virtual networks, security groups and NAT gateways, by the official client."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from tests.sandbox.resources.conftest import Clients, code

LOCATION = "eastus"


def network(subnets: dict[str, str] | None = None, space: str = "10.0.0.0/16") -> dict[str, Any]:
    inline = [
        {"name": name, "properties": {"addressPrefix": addresses}}
        for name, addresses in (subnets or {}).items()
    ]
    return {
        "location": LOCATION,
        "properties": {"addressSpace": {"addressPrefixes": [space]}, "subnets": inline},
    }


def test_subnets_are_the_same_inline_and_as_resources(clients: Clients, group: str) -> None:
    networks, subnets = clients.networks.virtual_networks, clients.networks.subnets
    made = networks.begin_create_or_update(group, "vnet", network({"a": "10.0.0.0/24"})).result()
    assert made.subnets[0].address_prefix == "10.0.0.0/24"
    assert subnets.get(group, "vnet", "a").id == made.subnets[0].id
    body = {"properties": {"addressPrefix": "10.0.1.0/24"}}
    subnets.begin_create_or_update(group, "vnet", "b", body).result()
    assert [item.name for item in networks.get(group, "vnet").subnets] == ["a", "b"]
    networks.begin_create_or_update(group, "vnet", network({"b": "10.0.1.0/24"})).result()
    assert [item.name for item in subnets.list(group, "vnet")] == ["b"]
    networks.update_tags(group, "vnet", {"tags": {"a": "b"}})
    assert [item.name for item in subnets.list(group, "vnet")] == ["b"]


@pytest.mark.parametrize(
    ("subnets", "expected"),
    [
        ({"a": "10.0.0.0/24", "b": "10.0.0.128/25"}, "NetcfgSubnetRangesOverlap"),
        ({"a": "10.1.0.0/24"}, "NetcfgInvalidSubnet"),
        ({"a": "10.0.0.1/24"}, "InvalidCIDRNotation"),
    ],
)
def test_ranges_that_do_not_fit_are_refused(
    clients: Clients, group: str, subnets: dict[str, str], expected: str
) -> None:
    with pytest.raises(HttpResponseError) as refused:
        clients.networks.virtual_networks.begin_create_or_update(group, "vnet", network(subnets))
    assert code(refused) == (400, expected)
    assert list(clients.networks.virtual_networks.list(group)) == []


def test_a_security_group_holds_its_rules_and_stays_while_a_subnet_has_it(
    clients: Clients, group: str
) -> None:
    groups, rules = clients.networks.network_security_groups, clients.networks.security_rules
    rule: dict[str, Any] = {
        "name": "in",
        "properties": {
            "priority": 100,
            "direction": "Inbound",
            "access": "Allow",
            "protocol": "Tcp",
            "sourceAddressPrefix": "VirtualNetwork",
            "sourcePortRange": "*",
            "destinationAddressPrefix": "*",
            "destinationPortRange": "443",
        },
    }
    body = {"location": LOCATION, "properties": {"securityRules": [rule]}}
    made = groups.begin_create_or_update(group, "nsg", body).result()
    assert rules.get(group, "nsg", "in").priority == 100
    with pytest.raises(HttpResponseError) as same:
        rules.begin_create_or_update(group, "nsg", "twin", {"properties": rule["properties"]})
    assert code(same) == (400, "SecurityRuleConflict")
    wanted = network({"a": "10.0.0.0/24"})
    wanted["properties"]["subnets"][0]["properties"]["networkSecurityGroup"] = {"id": made.id}
    clients.networks.virtual_networks.begin_create_or_update(group, "vnet", wanted).result()
    assert groups.get(group, "nsg").subnets[0].id.endswith("/subnets/a")
    with pytest.raises(HttpResponseError) as used:
        groups.begin_delete(group, "nsg")
    assert code(used) == (409, "InUseNetworkSecurityGroupCannotBeDeleted")
    clients.networks.virtual_networks.begin_delete(group, "vnet").result()
    groups.begin_delete(group, "nsg").result()


def test_a_subnet_names_only_what_is_there(clients: Clients, group: str) -> None:
    wanted = network({"a": "10.0.0.0/24"})
    missing = (
        f"/subscriptions/{clients.sandbox.subscription}/resourceGroups/{group}/providers/"
        "Microsoft.Network/networkSecurityGroups/none"
    )
    wanted["properties"]["subnets"][0]["properties"]["networkSecurityGroup"] = {"id": missing}
    with pytest.raises(HttpResponseError) as refused:
        clients.networks.virtual_networks.begin_create_or_update(group, "vnet", wanted)
    assert code(refused) == (400, "InvalidResourceReference")


def test_a_nat_gateway_keeps_its_address_and_a_subnet_its_gateway(
    clients: Clients, group: str
) -> None:
    addresses, gateways = clients.networks.public_ip_addresses, clients.networks.nat_gateways
    static = {"publicIPAllocationMethod": "Static"}
    body = {"location": LOCATION, "sku": {"name": "Standard"}, "properties": static}
    address = addresses.begin_create_or_update(group, "pip", body).result()
    gateway = {
        "location": LOCATION,
        "sku": {"name": "Standard"},
        "properties": {"publicIpAddresses": [{"id": address.id}]},
    }
    made = gateways.begin_create_or_update(group, "ng", gateway).result()
    with pytest.raises(HttpResponseError) as used:
        addresses.begin_delete(group, "pip")
    assert code(used) == (409, "PublicIPAddressCannotBeDeleted")
    wanted = network({"a": "10.0.0.0/24"})
    wanted["properties"]["subnets"][0]["properties"]["natGateway"] = {"id": made.id}
    clients.networks.virtual_networks.begin_create_or_update(group, "vnet", wanted).result()
    with pytest.raises(HttpResponseError) as leads:
        gateways.begin_delete(group, "ng")
    assert code(leads) == (409, "InUseNatGatewayCannotBeDeleted")
    clients.networks.virtual_networks.begin_delete(group, "vnet").result()
    gateways.begin_delete(group, "ng").result()
    addresses.begin_delete(group, "pip").result()

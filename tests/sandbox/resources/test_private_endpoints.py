"""Private endpoints at both their ends, and the names that they get in private DNS zones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from tests.sandbox.resources.conftest import Clients, code
from tests.sandbox.resources.test_networks import LOCATION, network

ZONE = "privatelink.blob.core.windows.net"


@dataclass(frozen=True)
class Place:
    group: str
    subnet: str
    account: str
    account_id: str

    def endpoint(self, *groups: str, manual: bool = False) -> dict[str, Any]:
        where = "manualPrivateLinkServiceConnections" if manual else "privateLinkServiceConnections"
        connection = {
            "name": "link",
            "properties": {"privateLinkServiceId": self.account_id, "groupIds": list(groups)},
        }
        properties = {"subnet": {"id": self.subnet}, where: [connection]}
        return {"location": LOCATION, "properties": properties}


@pytest.fixture
def place(clients: Clients, group: str, unique: str) -> Place:
    networks = clients.networks.virtual_networks
    made = networks.begin_create_or_update(group, "vnet", network({"a": "10.0.0.0/24"})).result()
    body = {"location": LOCATION, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    account = clients.storage.storage_accounts.begin_create(group, f"st{unique}", body).result()
    return Place(group, made.subnets[0].id, account.name, account.id)


def states(clients: Clients, place: Place) -> list[str]:
    connections = clients.storage.private_endpoint_connections.list(place.group, place.account)
    return [item.private_link_service_connection_state.status for item in connections]


def test_an_endpoint_is_connected_at_both_ends_until_it_goes(
    clients: Clients, place: Place
) -> None:
    endpoints = clients.networks.private_endpoints
    made = endpoints.begin_create_or_update(place.group, "pep", place.endpoint("blob")).result()
    (connection,) = made.private_link_service_connections
    assert connection.private_link_service_connection_state.status == "Approved"
    assert made.custom_dns_configs[0].fqdn == f"{place.account}.blob.core.windows.net"
    assert made.custom_dns_configs[0].ip_addresses == ["10.0.0.4"]
    assert made.network_interfaces[0].id
    account = clients.storage.storage_accounts.get_properties(place.group, place.account)
    assert account.private_endpoint_connections[0].private_endpoint.id == made.id
    assert states(clients, place) == ["Approved"]
    subnet = clients.networks.subnets.get(place.group, "vnet", "a")
    assert [item.id for item in subnet.private_endpoints] == [made.id]
    endpoints.begin_delete(place.group, "pep").result()
    assert states(clients, place) == []
    assert list(clients.networks.network_interfaces.list(place.group)) == []


def test_a_manual_connection_waits_for_its_approval(clients: Clients, place: Place) -> None:
    endpoints = clients.networks.private_endpoints
    body = place.endpoint("blob", manual=True)
    endpoints.begin_create_or_update(place.group, "pep", body).result()
    connections = clients.storage.private_endpoint_connections
    (waiting,) = connections.list(place.group, place.account)
    assert waiting.private_link_service_connection_state.status == "Pending"
    state = {"status": "Approved", "description": "yes"}
    approved = {"properties": {"privateLinkServiceConnectionState": state}}
    connections.put(place.group, place.account, waiting.name, approved)
    found = endpoints.get(place.group, "pep").manual_private_link_service_connections[0]
    assert found.private_link_service_connection_state.status == "Approved"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [(["vault"], "InvalidPrivateLinkGroupId"), (["blob", "none"], "InvalidPrivateLinkGroupId")],
)
def test_a_group_id_that_the_target_has_not_is_refused(
    clients: Clients, place: Place, wanted: list[str], expected: str
) -> None:
    with pytest.raises(HttpResponseError) as refused:
        clients.networks.private_endpoints.begin_create_or_update(
            place.group, "pep", place.endpoint(*wanted)
        )
    assert code(refused) == (400, expected)


def test_a_target_that_is_not_there_is_refused(clients: Clients, place: Place) -> None:
    body = place.endpoint("blob")
    connection = body["properties"]["privateLinkServiceConnections"][0]
    connection["properties"]["privateLinkServiceId"] += "x"
    with pytest.raises(HttpResponseError) as refused:
        clients.networks.private_endpoints.begin_create_or_update(place.group, "pep", body)
    assert code(refused) == (400, "InvalidResourceReference")


def test_a_registry_below_premium_takes_none(clients: Clients, place: Place, unique: str) -> None:
    registry = clients.registries.registries.begin_create(
        place.group, f"cr{unique}", {"location": LOCATION, "sku": {"name": "Standard"}}
    ).result()
    body = place.endpoint("registry")
    connection = body["properties"]["privateLinkServiceConnections"][0]
    connection["properties"]["privateLinkServiceId"] = registry.id
    with pytest.raises(HttpResponseError) as refused:
        clients.networks.private_endpoints.begin_create_or_update(place.group, "pep", body)
    assert code(refused) == (400, "PremiumSkuRequired")


def test_what_an_endpoint_is_in_stays(clients: Clients, place: Place) -> None:
    body = place.endpoint("blob")
    clients.networks.private_endpoints.begin_create_or_update(place.group, "pep", body).result()
    with pytest.raises(HttpResponseError) as subnet:
        clients.networks.subnets.begin_delete(place.group, "vnet", "a")
    assert code(subnet) == (409, "InUseSubnetCannotBeDeleted")
    with pytest.raises(HttpResponseError) as whole:
        clients.networks.virtual_networks.begin_delete(place.group, "vnet")
    assert code(whole) == (409, "InUseSubnetCannotBeDeleted")
    with pytest.raises(HttpResponseError) as removed:
        clients.networks.virtual_networks.begin_create_or_update(place.group, "vnet", network({}))
    assert code(removed) == (409, "InUseSubnetCannotBeDeleted")
    (interface,) = clients.networks.network_interfaces.list(place.group)
    with pytest.raises(HttpResponseError) as nic:
        clients.networks.network_interfaces.begin_delete(place.group, interface.name)
    assert code(nic) == (409, "NicInUse")


def test_a_zone_group_keeps_the_names_of_its_endpoint(clients: Clients, place: Place) -> None:
    endpoint = clients.networks.private_endpoints.begin_create_or_update(
        place.group, "pep", place.endpoint("blob")
    ).result()
    zones = clients.dns.private_zones
    zone = zones.begin_create_or_update(place.group, ZONE, {"location": "global"}).result()
    config = {"name": "blob", "properties": {"privateDnsZoneId": zone.id}}
    groups = clients.networks.private_dns_zone_groups
    body = {"properties": {"privateDnsZoneConfigs": [config]}}
    groups.begin_create_or_update(place.group, endpoint.name, "default", body).result()
    record = clients.dns.record_sets.get(place.group, ZONE, "A", place.account)
    assert [item.ipv4_address for item in record.a_records] == ["10.0.0.4"]
    groups.begin_delete(place.group, endpoint.name, "default").result()
    assert list(clients.dns.record_sets.list_by_type(place.group, ZONE, "A")) == []


def test_a_zone_stays_while_it_is_linked(clients: Clients, place: Place) -> None:
    zones, links = clients.dns.private_zones, clients.dns.virtual_network_links
    zones.begin_create_or_update(place.group, ZONE, {"location": "global"}).result()
    network_id = place.subnet.rsplit("/subnets/", 1)[0]
    properties = {"virtualNetwork": {"id": network_id}, "registrationEnabled": False}
    link = {"location": "global", "properties": properties}
    links.begin_create_or_update(place.group, ZONE, "link", link).result()
    with pytest.raises(HttpResponseError) as used:
        zones.begin_delete(place.group, ZONE)
    assert code(used) == (409, "CannotDeleteResource")
    with pytest.raises(HttpResponseError) as twice:
        links.begin_create_or_update(place.group, ZONE, "other", link)
    assert twice.value.status_code == 409
    links.begin_delete(place.group, ZONE, "link").result()
    zones.begin_delete(place.group, ZONE).result()

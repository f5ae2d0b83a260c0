"""Private endpoints: the network interface that each has, its connection to what it leads to."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from sandbox.arm.answers import Response, page
from sandbox.arm.errors import ArmError, invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import SUCCEEDED, Resource
from sandbox.arm.routes import Route
from sandbox.arm.types import Body, Change, ResourceType
from sandbox.resources.networks import ENDPOINTS, INTERFACES, free_addresses
from sandbox.resources.private_links import (
    CONNECTIONS,
    connect,
    connections,
    disconnect,
    links,
    names,
    target_of,
)

if TYPE_CHECKING:
    from sandbox.azure import Azure

# Below what is approved by whoever asks, and below what waits for somebody else.
_LISTS = ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")


def connected(endpoint: Resource) -> list[tuple[str, dict[str, Any]]]:
    """(list, connection) of each connection that the endpoint asks for."""
    return [(name, item) for name in _LISTS for item in endpoint.properties.get(name) or []]


def connection_name(endpoint: Resource) -> str:
    digest = hashlib.sha256(endpoint.id.key.encode()).hexdigest()
    return f"{endpoint.name}.{digest[:8]}-{digest[8:12]}-4{digest[13:16]}"


def hosts(azure: Azure, endpoint: Resource) -> list[tuple[str, str, str, str]]:
    """(member, zone, name in the zone, private address) of all that the endpoint answers to."""
    interface = _interface(azure, endpoint)
    configurations = interface.properties["ipConfigurations"] if interface else []
    by_member = {
        item["properties"]["privateLinkConnectionProperties"]["requiredMemberName"]: item
        for item in configurations
    }
    return [
        (member, zone, name, by_member[member]["properties"]["privateIPAddress"])
        for member, zone, name in _members(azure, endpoint)
        if member in by_member
    ]


def _members(azure: Azure, endpoint: Resource) -> list[tuple[str, str, str]]:
    found = []
    for _, connection in connected(endpoint):
        properties = connection["properties"]
        target = azure.resources.get(ResourceId.parse(properties["privateLinkServiceId"]))
        if target is None:
            continue
        for group in properties.get("groupIds") or []:
            for zone, inside in names(target, group).items():
                found += [
                    (group if index == 0 else f"{group}-{index}", zone, name)
                    for index, name in enumerate(inside)
                ]
    return [
        (member if zone == found[0][1] else f"{member}-{zone.split('.')[1]}", zone, name)
        for member, zone, name in found
    ]


def _interface_id(endpoint: Resource) -> ResourceId:
    given = endpoint.properties.get("customNetworkInterfaceName")
    digest = hashlib.sha256(endpoint.id.key.encode()).hexdigest()[:12]
    return ResourceId(endpoint.id.scope, INTERFACES, (given or f"{endpoint.name}.nic.{digest}",))


def _interface(azure: Azure, endpoint: Resource) -> Resource | None:
    return azure.resources.get(_interface_id(endpoint))


def _prepare(azure: Azure, change: Change) -> None:
    endpoint, previous = change.resource, change.previous
    subnet = str((endpoint.properties.get("subnet") or {}).get("id") or "")
    if not subnet:
        raise invalid("A private endpoint needs a subnet.", "properties.subnet.id")
    if ResourceId.parse(subnet).subscription.lower() != endpoint.id.subscription.lower():
        # "It must be deployed in the same region and subscription as the virtual network": "What
        # is a private endpoint?", Microsoft Learn; the code is that of Azure/azure-cli#13614.
        raise invalid(
            f"Resource '{subnet}' referenced by resource '{endpoint.id}' was not found. A private "
            "endpoint lies in the subscription of its virtual network.",
            "properties.subnet.id",
            "InvalidResourceReference",
        )
    if previous and previous.properties["subnet"]["id"].lower() != subnet.lower():
        raise ArmError(
            400,
            "PrivateEndpointCannotBeUpdatedToUseDifferentSubnet",
            f"Private endpoint '{endpoint.name}' cannot be moved to another subnet.",
            "properties.subnet.id",
        )
    if not connected(endpoint):
        raise invalid(
            "A private endpoint needs a connection.", "properties.privateLinkServiceConnections"
        )
    for where, connection in connected(endpoint):
        properties = connection.get("properties") or {}
        target_of(
            azure,
            str(properties.get("privateLinkServiceId") or ""),
            properties.get("groupIds") or [],
            f"properties.{where}.privateLinkServiceId",
        )
    endpoint.private["asked_by"] = change.request.principal


async def _provision(azure: Azure, endpoint: Resource) -> None:
    with azure.store.transaction():
        _make_interface(azure, endpoint)
        for where, connection in connected(endpoint):
            properties = connection["properties"]
            target = azure.resources.need(properties["privateLinkServiceId"])
            approves = azure.authorization.allows(
                endpoint.private["asked_by"],
                target.id,
                f"{target.type}/{CONNECTIONS}Approval/action",
            )
            connect(
                azure,
                target,
                connection_name(endpoint),
                str(endpoint.id),
                list(properties.get("groupIds") or []),
                approved=approves and where == _LISTS[0],
            )


def _make_interface(azure: Azure, endpoint: Resource) -> None:
    at = _interface_id(endpoint)
    if azure.resources.get(at):
        return
    subnet = azure.resources.need(endpoint.properties["subnet"]["id"])
    free = free_addresses(azure, subnet)
    configurations: dict[str, dict[str, Any]] = {}
    for member, zone, name in _members(azure, endpoint):
        fqdn = f"{name}.{zone.removeprefix('privatelink.')}"
        if member in configurations:
            continue
        address = next(free, None)
        if address is None:
            raise ArmError(
                409, "SubnetIsFull", f"Subnet {subnet.name} has no address left for {at.name}."
            )
        configurations[member] = {
            "name": f"privateEndpointIpConfig.{member}",
            "id": f"{at}/ipConfigurations/privateEndpointIpConfig.{member}",
            "properties": {
                "privateIPAddress": address,
                "privateIPAllocationMethod": "Dynamic",
                "subnet": {"id": str(subnet.id)},
                "primary": not configurations,
                "privateLinkConnectionProperties": {
                    "groupId": member.split("-")[0],
                    "requiredMemberName": member,
                    "fqdns": [fqdn],
                },
            },
        }
    interface = Resource(
        at,
        {
            "location": endpoint.location,
            "properties": {
                "provisioningState": SUCCEEDED,
                "ipConfigurations": list(configurations.values()),
                "privateEndpoint": {"id": str(endpoint.id)},
            },
        },
    )
    azure.resources.save(interface)


async def _remove(azure: Azure, endpoint: Resource) -> None:
    with azure.store.transaction():
        for _, connection in connected(endpoint):
            target = connection["properties"]["privateLinkServiceId"]
            disconnect(azure, target, connection_name(endpoint))
        interface = _interface(azure, endpoint)
        if interface:
            azure.resources.delete(interface)


def _view(azure: Azure, endpoint: Resource, body: Body) -> None:
    properties = body["properties"]
    interface = _interface(azure, endpoint)
    if interface:
        properties["networkInterfaces"] = [{"id": str(interface.id)}]
    for where in _LISTS:
        for connection in properties.setdefault(where, []):
            inner = connection["properties"]
            at = ResourceId.parse(inner["privateLinkServiceId"]).child(
                CONNECTIONS, connection_name(endpoint)
            )
            found = azure.resources.get(at)
            gone = {"status": "Disconnected", "description": "The connection was removed."}
            state = found.properties["privateLinkServiceConnectionState"] if found else gone
            inner["privateLinkServiceConnectionState"] = state
            inner["provisioningState"] = SUCCEEDED
            connection["id"] = f"{endpoint.id}/{where}/{connection.get('name', '')}"
    properties["customDnsConfigs"] = [
        {"fqdn": f"{name}.{zone.removeprefix('privatelink.')}", "ipAddresses": [address]}
        for _, zone, name, address in hosts(azure, endpoint)
    ]


def _link_resources(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    """What a private endpoint may lead to, of one resource."""
    target = azure.resources.need(match["target"])
    azure.authorization.check(request.principal, target.id, f"{target.type}/read")
    found = [
        {
            "id": f"{target.id}/privateLinkResources/{group}",
            "name": group,
            "type": f"{target.type}/privateLinkResources",
            "properties": {
                "groupId": group,
                "requiredMembers": [group],
                "requiredZoneNames": list(zones),
            },
        }
        for group, zones in links()[target.type.lower()].items()
    ]
    return page(request, found)


_TARGETS = (
    "Microsoft.Storage/storageAccounts",
    "Microsoft.KeyVault/vaults",
    "Microsoft.ContainerRegistry/registries",
    "Microsoft.MachineLearningServices/workspaces",
    "Microsoft.MachineLearningServices/registries",
)
TYPES = [
    ResourceType(
        ENDPOINTS,
        tracked=True,
        needs=("properties.subnet.id",),
        prepare=_prepare,
        provision=_provision,
        remove=_remove,
        view=_view,
    ),
    *(connections(target) for target in _TARGETS),
]
ROUTES = [
    Route(
        "GET",
        r"(?P<target>/subscriptions/[^/]+/resourcegroups/[^/]+/providers/"
        r"(microsoft\.storage/storageaccounts|microsoft\.keyvault/vaults|"
        r"microsoft\.containerregistry/registries|"
        r"microsoft\.machinelearningservices/(workspaces|registries))/[^/]+)/privatelinkresources",
        _link_resources,
    ),
]

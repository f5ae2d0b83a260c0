"""Private DNS zones, their links to networks, and the records that private endpoints get in them.

Nobody asks these zones for a name: in the sandbox every host leads to the gateway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import conflict, invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import SUCCEEDED, Resource
from sandbox.arm.types import Body, Change, ResourceType
from sandbox.resources.networks import ENDPOINTS, NETWORKS
from sandbox.resources.private_endpoints import hosts

if TYPE_CHECKING:
    from sandbox.azure import Azure

ZONES = "Microsoft.Network/privateDnsZones"
LINKS = f"{ZONES}/virtualNetworkLinks"
RECORDS = f"{ZONES}/A"
ZONE_GROUPS = f"{ENDPOINTS}/privateDnsZoneGroups"
TTL = 10  # seconds: what Azure gives the records of private endpoints


def _check_global(resource: Resource) -> None:
    if resource.location.lower() not in ("", "global"):
        raise invalid(
            f"'{resource.type}' is a global resource; its location must be 'global'.",
            "location",
            code="LocationNotAvailableForResourceType",
        )


def _prepare_zone(_azure: Azure, change: Change) -> None:
    _check_global(change.resource)


def _view_zone(azure: Azure, zone: Resource, body: Body) -> None:
    body["properties"] |= {
        "numberOfRecordSets": len(azure.resources.children(zone.id, RECORDS)) + 1,  # its SOA
        "numberOfVirtualNetworkLinks": len(azure.resources.children(zone.id, LINKS)),
        "numberOfVirtualNetworkLinksWithRegistration": 0,
    }


def _refuse_zone(azure: Azure, zone: Resource, _request: Request) -> None:
    if azure.resources.children(zone.id, LINKS):
        raise conflict(
            f"Can not delete resource '{zone.name}' before nested resources are deleted: it is "
            "linked to virtual networks.",
            "CannotDeleteResource",
        )


def _prepare_link(azure: Azure, change: Change) -> None:
    link = change.resource
    _check_global(link)
    network = str((link.properties.get("virtualNetwork") or {}).get("id") or "")
    if not network or ResourceId.parse(network).type.lower() != NETWORKS.lower():
        raise invalid("A link needs a virtual network.", "properties.virtualNetwork.id")
    link.properties.setdefault("registrationEnabled", False)
    for other in azure.resources.children(str(link.id.parent), LINKS):
        same = other.properties["virtualNetwork"]["id"].lower() == network.lower()
        if same and other.id.key != link.id.key:
            raise conflict(
                f"Virtual network '{network}' is linked to the zone already by '{other.name}'."
            )


def _view_link(_azure: Azure, _link: Resource, body: Body) -> None:
    body["properties"]["virtualNetworkLinkState"] = "Completed"


def _view_record(_azure: Azure, record: Resource, body: Body) -> None:
    body["properties"]["fqdn"] = f"{record.name}.{record.id.names[0]}."


def _prepare_zone_group(_azure: Azure, change: Change) -> None:
    zones = change.resource.properties.get("privateDnsZoneConfigs") or []
    for number, item in enumerate(zones):
        if not (item.get("properties") or {}).get("privateDnsZoneId"):
            target = f"properties.privateDnsZoneConfigs[{number}].properties.privateDnsZoneId"
            raise invalid(f"'{target}' is missing: the id of a private DNS zone.", target)


def _zones(zone_group: Resource) -> list[ResourceId]:
    return [
        ResourceId.parse(item["properties"]["privateDnsZoneId"])
        for item in zone_group.properties.get("privateDnsZoneConfigs") or []
    ]


async def _provision_zone_group(azure: Azure, zone_group: Resource) -> None:
    """The records of the endpoint in each of its zones; what a former zone had goes."""
    endpoint = azure.resources.need(str(zone_group.id.parent))
    with azure.store.transaction():
        _drop_records(azure, zone_group)
        for zone in _zones(zone_group):
            for _, name_of_zone, name, address in hosts(azure, endpoint):
                if name_of_zone != zone.name.lower():
                    continue
                properties: dict[str, Any] = {
                    "ttl": TTL,
                    "aRecords": [{"ipv4Address": address}],
                    "isAutoRegistered": False,
                    "provisioningState": SUCCEEDED,
                }
                record = Resource(zone.child("A", name), {"properties": properties})
                record.private["zone_group"] = zone_group.id.key
                azure.resources.save(record)


async def _remove_zone_group(azure: Azure, zone_group: Resource) -> None:
    with azure.store.transaction():
        _drop_records(azure, zone_group)


def _drop_records(azure: Azure, zone_group: Resource) -> None:
    for record in azure.resources.list(RECORDS):
        if record.private.get("zone_group") == zone_group.id.key:
            azure.resources.delete(record)


def _view_zone_group(azure: Azure, zone_group: Resource, body: Body) -> None:
    for item in body["properties"].get("privateDnsZoneConfigs") or []:
        zone = ResourceId.parse(item["properties"]["privateDnsZoneId"])
        item["properties"]["recordSets"] = [
            {
                "recordType": "A",
                "recordSetName": record.name,
                "fqdn": f"{record.name}.{zone.name}",
                "ttl": TTL,
                "ipAddresses": [one["ipv4Address"] for one in record.properties["aRecords"]],
                "provisioningState": SUCCEEDED,
            }
            for record in azure.resources.children(zone, RECORDS)
            if record.private.get("zone_group") == zone_group.id.key
        ]


TYPES = [
    ResourceType(
        ZONES,
        tracked=True,
        prepare=_prepare_zone,
        refuse_delete=_refuse_zone,
        view=_view_zone,
    ),
    ResourceType(
        LINKS,
        tracked=True,
        needs=("properties.virtualNetwork.id",),
        prepare=_prepare_link,
        view=_view_link,
    ),
    ResourceType(RECORDS, delete_status=200, view=_view_record),
    ResourceType(
        ZONE_GROUPS,
        needs=("properties.privateDnsZoneConfigs[].properties.privateDnsZoneId",),
        prepare=_prepare_zone_group,
        provision=_provision_zone_group,
        remove=_remove_zone_group,
        view=_view_zone_group,
    ),
]

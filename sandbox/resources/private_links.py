"""Private endpoint connections, as the resource at their other end shows them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sandbox.arm.answers import render
from sandbox.arm.errors import invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import SUCCEEDED, Resource
from sandbox.arm.types import Body, Change, ResourceType

if TYPE_CHECKING:
    from sandbox.azure import Azure

CONNECTIONS = "privateEndpointConnections"
STATES = ("Pending", "Approved", "Rejected", "Disconnected")


@cache
def links() -> dict[str, dict[str, dict[str, list[str]]]]:
    """Group ids with their zones and names, by type in lower case, out of private_links.yaml."""
    table = yaml.safe_load(Path(__file__).with_name("private_links.yaml").read_text())
    return {name.lower(): groups for name, groups in table.items()}


def target_of(azure: Azure, identifier: str, group_ids: list[str], path: str) -> Resource:
    """The resource that an endpoint may lead to; raises 400 for one that is not there, that takes
    no private endpoints, or that has not such a group id.
    """
    at = ResourceId.parse(identifier)
    found = azure.resources.get(at)
    if found is None:
        raise invalid(
            f"'{path}' names '{identifier}', which was not found.",
            path,
            code="InvalidResourceReference",
        )
    groups = links().get(at.type.lower())
    if groups is None:
        raise invalid(f"'{at.type}' takes no private endpoints.", path)
    for group in group_ids:
        if group not in groups:
            raise invalid(
                f"'{found.name}' has no group id '{group}'; it has {', '.join(groups)}.",
                path,
                code="InvalidPrivateLinkGroupId",
            )
    premium = (found.body.get("sku") or {}).get("name") == "Premium"
    if at.type.lower() == "microsoft.containerregistry/registries" and not premium:
        raise invalid(
            f"Private endpoints need SKU Premium, which registry '{found.name}' has not.",
            path,
            code="PremiumSkuRequired",
        )
    return found


def names(target: Resource, group: str) -> dict[str, list[str]]:
    """Zone -> names in it, of one group of a resource."""
    values = {
        "name": target.name.lower(),
        "id": target.private.get("workspace_id", target.name.lower()),
        "region": target.location.replace(" ", "").lower(),
    }
    zones = links()[target.type.lower()][group]
    return {zone: [text.format(**values) for text in texts] for zone, texts in zones.items()}


def connect(
    azure: Azure, target: Resource, name: str, endpoint: str, groups: list[str], *, approved: bool
) -> Resource:
    """The connection at the target's end, made or as it is."""
    at = target.id.child(CONNECTIONS, name)
    found = azure.resources.get(at)
    if found:
        return found
    properties = {
        "privateEndpoint": {"id": endpoint},
        "groupIds": groups,
        "privateLinkServiceConnectionState": {
            "status": "Approved" if approved else "Pending",
            "description": "Auto-Approved" if approved else "Please approve.",
            "actionsRequired": "None",
        },
        "provisioningState": SUCCEEDED,
    }
    connection = Resource(at, {"properties": properties})
    azure.resources.save(connection)
    return connection


def disconnect(azure: Azure, target: str, name: str) -> None:
    at = ResourceId.parse(target).child(CONNECTIONS, name)
    if azure.resources.get(at):
        azure.resources.delete(at)


def show(azure: Azure, target: Resource, body: Body) -> None:
    """Put the connections into what a target shows of itself, where it has any."""
    found = azure.resources.children(target.id, f"{target.type}/{CONNECTIONS}")
    if found:
        body["properties"][CONNECTIONS] = [render(azure, item) for item in found]


def _prepare(_azure: Azure, change: Change) -> None:
    """Only the state may change: approve, reject."""
    if change.previous is None:
        raise invalid(
            "A connection comes into being with its private endpoint.", code="InvalidRequest"
        )
    state: dict[str, Any] = (
        change.resource.properties.get("privateLinkServiceConnectionState") or {}
    )
    if state.get("status") not in STATES:
        raise invalid(
            f"The status must be one of {', '.join(STATES)}.",
            "properties.privateLinkServiceConnectionState.status",
        )
    kept = change.previous.properties
    change.resource.body["properties"] = {**kept, "privateLinkServiceConnectionState": state}


def connections(target_type: str) -> ResourceType:
    """The child type of connections below `target_type`."""
    return ResourceType(f"{target_type}/{CONNECTIONS}", create_status=200, prepare=_prepare)

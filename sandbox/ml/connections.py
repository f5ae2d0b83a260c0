"""Workspace connections: addresses and credentials of what lies outside the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource
from sandbox.arm.types import Action, Change, ResourceType
from sandbox.ml.workspaces import WORKSPACES

if TYPE_CHECKING:
    from sandbox.azure import Azure

CONNECTIONS = f"{WORKSPACES}/connections"
WITHOUT_CREDENTIALS = ("AAD", "None")


def _prepare(_azure: Azure, change: Change) -> None:
    """Credentials are kept apart; ways to log in that have none forget those of before."""
    properties, private = change.resource.properties, change.resource.private
    credentials = properties.pop("credentials", None)
    if credentials:
        private["credentials"] = credentials
    elif properties["authType"] in WITHOUT_CREDENTIALS:
        private.pop("credentials", None)
    elif (
        change.previous is None or change.previous.properties["authType"] != properties["authType"]
    ):
        raise invalid(
            f"A connection with the authType '{properties['authType']}' needs credentials.",
            "properties.credentials",
        )
    properties.setdefault("isSharedToAll", False)
    properties.setdefault("sharedUserList", [])


def _select(
    _azure: Azure, _parent: ResourceId, found: list[Resource], request: Request
) -> list[Resource]:
    for name in ("category", "target"):
        wanted = request.query.get(name)
        if wanted:
            found = [
                item
                for item in found
                if str(item.properties.get(name, "")).lower() == wanted.lower()
            ]
    return found


def _list_secrets(_azure: Azure, connection: Resource, _request: Request) -> dict[str, Any]:
    properties = {**connection.properties, "credentials": connection.private.get("credentials")}
    return {"id": str(connection.id), "name": connection.name, "properties": properties}


TYPES = [
    ResourceType(
        CONNECTIONS,
        create_status=200,
        delete_status=200,
        states=False,
        prepare=_prepare,
        select=_select,
        actions={"listSecrets": Action(_list_secrets)},
    ),
]

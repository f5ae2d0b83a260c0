"""Workspace connections: addresses and credentials of what lies outside the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.arm.request import Request
from sandbox.arm.resource import Resource
from sandbox.arm.types import Action, Change, ResourceType
from sandbox.ml.workspaces import WORKSPACES

if TYPE_CHECKING:
    from sandbox.azure import Azure

CONNECTIONS = f"{WORKSPACES}/connections"


def _prepare(_azure: Azure, change: Change) -> None:
    credentials = change.resource.properties.pop("credentials", None)
    if credentials:
        change.resource.private["credentials"] = credentials


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
        actions={"listSecrets": Action(_list_secrets)},
    ),
]

"""GET and HEAD: one resource, a listing under a parent, everything in a group."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sandbox.arm.answers import Response, page, render
from sandbox.arm.errors import ArmError
from sandbox.arm.ids import GROUP, SUBSCRIPTION, ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource
from sandbox.arm.types import ResourceType
from sandbox.arm.writes import need_parent

if TYPE_CHECKING:
    from sandbox.azure import Azure

_EQUALS = re.compile(r"(\w+)\s+eq\s+'([^']*)'", re.IGNORECASE)


def get(azure: Azure, request: Request, kind: ResourceType, at: ResourceId) -> Response:
    """One resource; HEAD answers 204 or 404 without a body."""
    resource = azure.resources.get(at)
    if request.method == "HEAD":
        return Response(204 if resource else 404)
    if resource is None:
        if kind.name == GROUP:
            raise ArmError(
                404, "ResourceGroupNotFound", f"Resource group '{at.name}' could not be found."
            )
        need_parent(azure, at)
        resource = azure.resources.need(at)
    return Response(200, render(azure, resource), {"etag": resource.etag})


def collection(azure: Azure, request: Request, kind: ResourceType, parent: ResourceId) -> Response:
    """The resources of one type below a parent; below a subscription, in all its groups."""
    if parent.type == SUBSCRIPTION and not kind.extension:
        found = [
            item
            for item in azure.resources.list(kind.name)
            if item.id.subscription.lower() == parent.name.lower()
        ]
    elif kind.extension:
        found = [
            item
            for item in azure.resources.list(kind.name)
            if item.id.parent and (item.id.within(parent) or parent.within(item.id.parent))
        ]
    else:
        _need(azure, parent)
        found = azure.resources.children(parent, kind.name)
    found = _viewed(request, found)
    if kind.select:
        found = kind.select(azure, parent, found, request)
    order = request.query.get("$orderby", "").lower()
    if order.startswith(("createdtime desc", "createdat desc")):
        found = found[::-1]
    return page(request, [render(azure, item) for item in found])


def resources(azure: Azure, request: Request, scope: ResourceId) -> Response:
    """``/resources``: the tracked resources of a group or subscription that the caller may read,
    without properties.
    """
    wanted = {
        name.lower(): value.lower()
        for name, value in _EQUALS.findall(request.query.get("$filter", ""))
    }
    found = []
    for item in azure.resources.list(group=scope if scope.type == GROUP else None):
        kind = azure.types.of(item)
        tags = {key.lower(): str(value) for key, value in (item.body.get("tags") or {}).items()}
        if not kind.tracked or item.type == GROUP or not item.id.within(scope):
            continue
        if wanted.get("resourcetype", kind.key) != kind.key:
            continue
        if wanted.get("name", item.name.lower()) != item.name.lower():
            continue
        if not azure.authorization.allows(request.principal, item.id, f"{kind.name}/read"):
            continue
        if "tagname" in wanted and wanted["tagname"] not in tags:
            continue
        if "tagvalue" in wanted and tags.get(wanted["tagname"], "").lower() != wanted["tagvalue"]:
            continue
        found.append(_summary(azure, item))
    return page(request, found)


def _summary(azure: Azure, item: Resource) -> dict[str, Any]:
    body = render(azure, item)
    keys = ("id", "name", "type", "kind", "location", "tags", "sku", "identity", "managedBy")
    summary = {key: body[key] for key in keys if key in body}
    return {**summary, "provisioningState": item.state}


def _need(azure: Azure, parent: ResourceId) -> None:
    """Raises 404 for a parent that is not there; a container may be empty."""
    holder = azure.types.get(parent.type)
    if holder and holder.versioned:
        need_parent(azure, parent)
        return
    need_parent(azure, parent.child("x", "x"))


def _viewed(request: Request, found: list[Resource]) -> list[Resource]:
    """``listViewType``: archived assets are hidden unless asked for."""
    view = request.query.get("listviewtype", "ActiveOnly").lower()
    if view == "all":
        return found
    archived = view == "archivedonly"
    return [item for item in found if bool(item.properties.get("isArchived")) is archived]

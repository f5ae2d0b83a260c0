"""Tags at a scope: ``{resource or group}/providers/Microsoft.Resources/tags/default``.

They are the tags in the body of what they are put on, not a resource of their own.
``/subscriptions/ID/tagNames`` counts those of a subscription.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from sandbox import schemas
from sandbox.arm.answers import Response, page
from sandbox.arm.deletes import check_locks
from sandbox.arm.errors import ArmError, conflict, invalid
from sandbox.arm.ids import SUBSCRIPTION, ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource
from sandbox.arm.routes import Route
from sandbox.arm.types import ResourceType

if TYPE_CHECKING:
    from sandbox.azure import Azure

TAGS = "Microsoft.Resources/tags"


def _target(azure: Azure, request: Request, match: re.Match[str], verb: str) -> Resource:
    at = ResourceId.parse(match["scope"])
    request.at, request.action = at, f"{TAGS}/{verb}"
    azure.authorization.check(request.principal, at, request.action)
    target = azure.resources.need(at)
    if not azure.types.of(target).tracked:
        raise invalid(f"'{at}' takes no tags.")
    if verb != "read":
        check_locks(azure, "PATCH", at)
        if azure.operations.open_on(at):
            raise conflict(f"Another operation is in progress on '{at}'.")
    return target


def _answer(target: Resource) -> Response:
    tags = target.body.get("tags") or {}
    identifier = f"{target.id}/providers/{TAGS}/default"
    body = {"id": identifier, "name": "default", "type": TAGS, "properties": {"tags": tags}}
    return Response(200, body)


def _given(request: Request) -> dict[str, str]:
    body: Any = request.body
    body = {"properties": body.get("properties")} if isinstance(body, dict) else body
    findings = schemas.check(TAGS, body)
    if findings.errors:
        path, message = findings.errors[0]
        raise invalid(f"'{path}': {message}", path)
    return dict((body["properties"] or {}).get("tags") or {})


def _get(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    return _answer(_target(azure, request, match, "read"))


def _put(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    return _save(azure, _target(azure, request, match, "write"), _given(request))


def _patch(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    target, given = _target(azure, request, match, "write"), _given(request)
    known = dict(target.body.get("tags") or {})
    operation = str((request.body or {}).get("operation", ""))
    results = {
        "merge": {**known, **given},
        "replace": given,
        "delete": {key: value for key, value in known.items() if given.get(key) != value},
    }
    if operation.lower() not in results:
        raise invalid("'operation' must be 'Merge', 'Replace' or 'Delete'.", "operation")
    return _save(azure, target, results[operation.lower()])


def _delete(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    _save(azure, _target(azure, request, match, "delete"), {})
    return Response(200)


def _save(azure: Azure, target: Resource, tags: dict[str, str]) -> Response:
    if len(tags) > 50:
        raise ArmError(400, "TooManyTags", "A resource can have 50 tags at most.")
    target.body["tags"] = tags
    azure.resources.save(target)
    return _answer(target)


def _names(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    """Every tag of a subscription's groups and resources, with its values and their numbers."""
    at = ResourceId("", SUBSCRIPTION, (match["subscription"],))
    request.at, request.action = at, "Microsoft.Resources/subscriptions/tagNames/read"
    azure.authorization.check(request.principal, at, request.action)
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for resource in azure.resources.list():
        if resource.id.subscription.lower() == match["subscription"].lower():
            for name, value in (resource.body.get("tags") or {}).items():
                found[name][value] += 1
    root = f"/subscriptions/{match['subscription']}/tagNames"
    return page(
        request,
        [
            {
                "id": f"{root}/{name}",
                "tagName": name,
                "count": _count(values.total()),
                "values": [
                    {
                        "id": f"{root}/{name}/tagValues/{value}",
                        "tagValue": value,
                        "count": _count(number),
                    }
                    for value, number in values.items()
                ],
            }
            for name, values in sorted(found.items())
        ],
    )


def _count(number: int) -> dict[str, Any]:
    return {"type": "Total", "value": number}


TYPES: list[ResourceType] = []
_PATH = r"(?P<scope>/subscriptions/.+)/providers/microsoft\.resources/tags/default"
ROUTES = [
    Route("GET", r"/subscriptions/(?P<subscription>[^/]+)/tagNames", _names),
    Route("GET", _PATH, _get),
    Route("PUT", _PATH, _put),
    Route("PATCH", _PATH, _patch),
    Route("DELETE", _PATH, _delete),
]

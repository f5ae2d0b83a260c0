"""What goes out: a resource as its clients expect it, lists with paging, operations."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sandbox.arm.errors import ArmError
from sandbox.arm.ids import GROUP
from sandbox.arm.operations import Operation
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource

if TYPE_CHECKING:
    from sandbox.azure import Azure

PAGE = 1000
"""Resources a page, unless ``$top`` asks for fewer; ARM's own limit."""

POLL_MILLISECONDS = 200
"""How often clients should ask; without a hint the official ones wait 30 s."""


@dataclass
class Response:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        return b"" if self.body is None else json.dumps(self.body).encode()


def render(azure: Azure, resource: Resource) -> dict[str, Any]:
    """The outgoing copy of a resource: envelope, computed fields, nothing private."""
    kind = azure.types.of(resource)
    body = {
        "id": str(resource.id),
        "name": resource.name,
        "type": kind.name,
        **copy.deepcopy(resource.body),
    }
    if resource.type != GROUP:
        body["etag"] = resource.etag
        body["systemData"] = _system_data(resource)
    if kind.view:
        kind.view(azure, resource, body)
    return body


def _system_data(resource: Resource) -> dict[str, str]:
    data = {"createdBy": resource.created_by, "createdByType": "Application"}
    if resource.created and resource.modified:
        data["createdAt"] = resource.created.isoformat()
        data["lastModifiedAt"] = resource.modified.isoformat()
    return data


def page(request: Request, items: list[dict[str, Any]]) -> Response:
    """One page of a list. `$top` limits it and `$skip` (or `$skipToken`) goes on after it."""
    skip = _number(request, "$skiptoken") or _number(request, "$skip") or 0
    top = _number(request, "$top") or PAGE
    chosen = items[skip : skip + top]
    body: dict[str, Any] = {"value": chosen}
    if skip + top < len(items):
        query = {**request.query, "$skiptoken": str(skip + top)}
        body["nextLink"] = f"{request.base}{request.path}?{urlencode(query)}"
    return Response(200, body)


def _number(request: Request, name: str) -> int | None:
    """What a client asks for. Raises 400 for what is no number."""
    text = request.query.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise ArmError(400, "InvalidQueryParameterValue", f"'{name}' is '{text}', not a number.")
    return int(text)


def poll_headers(request: Request, operation: Operation, *kinds: str) -> dict[str, str]:
    """Where to ask about an operation; kinds: ``azure-asyncoperation``, ``location``."""
    addresses = {"azure-asyncoperation": operation.address, "location": operation.result_address}
    query = f"?api-version={request.api_version}"
    headers = {kind: f"{request.base}{addresses[kind]}{query}" for kind in kinds}
    return {**headers, "x-ms-retry-after-ms": str(POLL_MILLISECONDS)}


def operation_status(request: Request, operation: Operation) -> Response:
    headers = {} if operation.done else poll_headers(request, operation)
    return Response(200, operation.body(), headers)


def operation_result(request: Request, operation: Operation) -> Response:
    """202 while it runs, then 200; a failure is answered as the error it ended with."""
    if not operation.done:
        return Response(202, None, poll_headers(request, operation, "location"))
    if operation.error:
        return Response(409, {"error": operation.error})
    return Response(200)

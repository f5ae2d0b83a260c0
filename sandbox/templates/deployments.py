"""``Microsoft.Resources/deployments``: incremental deployments to groups and subscriptions."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from typing import TYPE_CHECKING, Any

from sandbox.arm.answers import Response, page
from sandbox.arm.errors import ArmError, invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import CANCELED, Resource
from sandbox.arm.routes import Route
from sandbox.arm.types import Action, Body, Change, ResourceType
from sandbox.templates.execution import Execution, open_template
from sandbox.templates.parameters import shown
from sandbox.templates.template import DEPLOYMENTS

if TYPE_CHECKING:
    from sandbox.azure import Azure

_RUNNING = ("Creating", "Updating")


def _prepare(azure: Azure, change: Change) -> None:
    """Take the template out of the body and check it: nothing is put when it is not valid."""
    deployment, request = change.resource, change.request
    properties = deployment.properties
    template = properties.pop("template", None)
    if not isinstance(template, dict):
        raise invalid(
            "'properties.template' must be the template, as an object. Links to templates are "
            "not followed in the sandbox.",
            "properties.template",
            "InvalidRequestContent",
        )
    if str(properties.get("mode", "")).lower() != "incremental":
        raise invalid(
            "'properties.mode' must be 'Incremental'; the sandbox has no other.", "properties.mode"
        )
    given = properties.pop("parameters", None) or {}
    deployment.private.update(
        template=template,
        parameters=given,
        operations=[],
        principal=request.principal,
        client=request.caller.client_id if request.caller else "",
        evaluated_at=request.extra.get("evaluated_at", str(deployment.id.parent)),
        loops=request.extra.get("loops", []),
    )
    opened = open_template(azure, deployment)
    for declaration in opened.declarations:
        if declaration.wanted:
            azure.types.need(declaration.id.type)
    deployment.private["parameters"] = {
        name: {"value": value} for name, value in opened.parameters.items()
    }
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()
    deployment.body["properties"] = {
        "mode": "Incremental",
        "templateHash": str(int(digest[:16], 16)),
        "parameters": shown(template.get("parameters") or {}, opened.parameters),
        "correlationId": str(uuid.uuid4()),
        "timestamp": azure.clock.now().isoformat(),
        "duration": "PT0S",
        "dependencies": [
            {"id": str(one.id), "dependsOn": [{"id": key} for key in sorted(one.depends_on)]}
            for one in opened.declarations
            if one.depends_on
        ],
    }


async def _provision(azure: Azure, deployment: Resource) -> None:
    await Execution(azure, deployment).run()


def _view(_azure: Azure, deployment: Resource, body: Body) -> None:
    if deployment.state in _RUNNING:
        body["properties"]["provisioningState"] = "Running"


def _select(
    _azure: Azure, parent: ResourceId, found: list[Resource], _request: Request
) -> list[Resource]:
    return [item for item in found if item.id.parent and item.id.parent.key == parent.key][::-1]


def _export(_azure: Azure, deployment: Resource, _request: Request) -> dict[str, Any]:
    return {"template": deployment.private["template"]}


def _cancel(azure: Azure, deployment: Resource, _request: Request) -> None:
    if azure.operations.open_on(deployment.id) is None:
        raise ArmError(
            409, "DeploymentCannotBeCancelled", f"'{deployment.name}' is not running any more."
        )
    azure.operations.cancel(deployment.id)
    deployment.state = CANCELED
    azure.resources.save(deployment)


def _validate(azure: Azure, deployment: Resource, request: Request) -> dict[str, Any]:
    """All that a PUT would refuse before it puts anything."""
    candidate = Resource(
        ResourceId(deployment.id.scope, DEPLOYMENTS, deployment.id.names),
        json.loads(json.dumps(request.body or {})),
    )
    _prepare(azure, Change(candidate, None, request))
    properties = {**candidate.properties, "provisioningState": "Succeeded"}
    return {"id": str(candidate.id), "name": candidate.name, "properties": properties}


def _operations(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    at = ResourceId(match["scope"], DEPLOYMENTS, (match["name"],))
    azure.authorization.check(request.principal, at, f"{DEPLOYMENTS}/read")
    deployment = azure.resources.get(at)
    if deployment is None:
        raise ArmError(
            404, "DeploymentNotFound", f"Deployment '{match['name']}' could not be found."
        )
    found = [
        _operation(deployment, number, operation)
        for number, operation in enumerate(deployment.private["operations"])
    ]
    return page(request, found)


def _operation(deployment: Resource, number: int, operation: dict[str, Any]) -> dict[str, Any]:
    target = ResourceId.parse(operation["target"])
    identifier = f"{number:016X}"
    properties: dict[str, Any] = {
        "provisioningOperation": "Create",
        "provisioningState": operation["provisioningState"],
        "timestamp": operation["timestamp"],
        "duration": f"PT{operation['seconds']:.3f}S",
        "trackingId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{deployment.id}/{number}")),
        "statusCode": operation["statusCode"],
        "targetResource": {
            "id": str(target),
            "resourceType": target.type,
            "resourceName": "/".join(target.names),
        },
    }
    if "error" in operation:
        properties["statusMessage"] = {"error": operation["error"]}
    return {
        "id": f"{deployment.id}/operations/{identifier}",
        "operationId": identifier,
        "properties": properties,
    }


TYPES = [
    ResourceType(
        DEPLOYMENTS,
        extension=True,
        prepare=_prepare,
        provision=_provision,
        view=_view,
        select=_select,
        actions={
            "validate": Action(_validate, unstored=True),
            "exportTemplate": Action(_export),
            "cancel": Action(_cancel, status=204),
        },
    ),
]
# The official clients leave "/providers/Microsoft.Resources" out when they ask for the operations.
_ONE = r"(?P<scope>/subscriptions/[^/]+(/resourcegroups/[^/]+)?)(/providers/microsoft\.resources)?"
ROUTES = [Route("GET", rf"{_ONE}/deployments/(?P<name>[^/]+)/operations", _operations)]

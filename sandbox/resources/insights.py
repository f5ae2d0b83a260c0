"""Log Analytics workspaces and Application Insights components."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

from sandbox.arm.answers import Response, page
from sandbox.arm.ids import ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource
from sandbox.arm.routes import Route
from sandbox.arm.types import Action, Body, Change, ResourceType

if TYPE_CHECKING:
    from sandbox.azure import Azure

LOGS = "Microsoft.OperationalInsights/workspaces"
COMPONENTS = "Microsoft.Insights/components"
SOFT_DELETE_DAYS = 14  # "Delete and recover Azure Log Analytics workspace", Microsoft Learn


def _prepare_logs(_azure: Azure, change: Change) -> None:
    private = change.resource.private
    private.setdefault("customer", str(uuid.uuid4()))
    private.setdefault("keys", [uuid.uuid4().hex * 2, uuid.uuid4().hex * 2])
    properties = change.resource.properties
    properties.setdefault("sku", {"name": "pergb2018"})
    properties.setdefault("retentionInDays", 30)


def _view_logs(_azure: Azure, logs: Resource, body: Body) -> None:
    body["properties"]["customerId"] = logs.private["customer"]


def _shared_keys(_azure: Azure, logs: Resource, _request: Request) -> dict[str, Any]:
    primary, secondary = logs.private["keys"]
    return {"primarySharedKey": primary, "secondarySharedKey": secondary}


def _deleted_logs(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    """The soft-deleted workspaces of a group or of the subscription."""
    scope = ResourceId.parse(match["scope"])
    azure.authorization.check(request.principal, scope, f"{LOGS}/read")
    found = []
    for deleted in azure.deleted.list(LOGS):
        logs = deleted.resource
        if logs.id.within(scope):
            body = {"id": str(logs.id), "name": logs.name, "type": LOGS, **logs.body}
            _view_logs(azure, logs, body)
            found.append(body)
    return page(request, found)


def _prepare_component(_azure: Azure, change: Change) -> None:
    private = change.resource.private
    private.setdefault("instrumentation", str(uuid.uuid4()))
    private.setdefault("application", str(uuid.uuid4()))


def _view_component(_azure: Azure, component: Resource, body: Body) -> None:
    key, application = component.private["instrumentation"], component.private["application"]
    region = component.location
    body["properties"] |= {
        "AppId": application,
        "ApplicationId": component.name,
        "Name": component.name,
        "InstrumentationKey": key,
        "ConnectionString": (
            f"InstrumentationKey={key};"
            f"IngestionEndpoint=https://{region}-0.in.applicationinsights.azure.com/;"
            f"LiveEndpoint=https://{region}.livediagnostics.monitor.azure.com/;"
            f"ApplicationId={application}"
        ),
        "TenantId": component.id.subscription,
    }


TYPES = [
    ResourceType(
        LOGS,
        tracked=True,
        soft_delete_days=SOFT_DELETE_DAYS,
        purge_parameter="force",
        recovers=lambda _body: True,
        prepare=_prepare_logs,
        view=_view_logs,
        actions={"sharedKeys": Action(_shared_keys)},
    ),
    ResourceType(
        COMPONENTS,
        tracked=True,
        create_status=200,
        delete_status=200,
        needs=("properties.WorkspaceResourceId",),
        prepare=_prepare_component,
        view=_view_component,
    ),
]
ROUTES = [
    Route(
        "GET",
        r"(?P<scope>/subscriptions/[^/]+(/resourcegroups/[^/]+)?)/providers/"
        r"microsoft\.operationalinsights/deletedworkspaces",
        _deleted_logs,
    ),
]

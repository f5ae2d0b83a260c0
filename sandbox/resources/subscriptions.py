"""Tenant and subscription, the regions there, and what a caller may do at a scope."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sandbox.arm.answers import Response, page
from sandbox.arm.authorization import ASSIGNMENTS
from sandbox.arm.ids import GROUP, SUBSCRIPTION, TENANT, ResourceId
from sandbox.arm.request import Request
from sandbox.arm.routes import Route
from sandbox.arm.types import ResourceType
from sandbox.resources.regions import display_names

if TYPE_CHECKING:
    from sandbox.azure import Azure


def _view(azure: Azure) -> dict[str, Any]:
    identity = azure.identity
    return {
        "id": f"/subscriptions/{identity.subscription_id}",
        "subscriptionId": identity.subscription_id,
        "tenantId": identity.tenant_id,
        "displayName": "Sandbox",
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "Sandbox",
            "spendingLimit": "On",
        },
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
    }


def _list(azure: Azure, request: Request, _match: re.Match[str]) -> Response:
    """Those in which the caller has a role anywhere."""
    return page(request, [_view(azure)] if _has_a_role(azure, request.principal) else [])


def _has_a_role(azure: Azure, principal: str) -> bool:
    return principal == azure.identity.principal_id or any(
        assignment.properties.get("principalId") == principal
        for assignment in azure.resources.list(ASSIGNMENTS)
    )


def _one(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    if not _has_a_role(azure, request.principal):
        at = ResourceId.parse(match["at"])
        azure.authorization.check(request.principal, at, f"{SUBSCRIPTION}/read")
    return Response(200, _view(azure))


def _tenants(azure: Azure, request: Request, _match: re.Match[str]) -> Response:
    tenant = azure.identity.tenant_id
    view = {
        "id": f"/tenants/{tenant}",
        "tenantId": tenant,
        "displayName": "Sandbox",
        "defaultDomain": "sandbox.onmicrosoft.com",
        "domains": ["sandbox.onmicrosoft.com"],
        "tenantCategory": "Home",
        "tenantType": "AAD",
    }
    return page(request, [view])


def _locations(azure: Azure, request: Request, _match: re.Match[str]) -> Response:
    root = f"/subscriptions/{azure.identity.subscription_id}/locations"
    found = [
        {
            "id": f"{root}/{name}",
            "name": name,
            "type": "Region",
            "displayName": text,
            "regionalDisplayName": text,
            "metadata": {"regionType": "Physical", "regionCategory": "Recommended"},
        }
        for name, text in display_names().items()
    ]
    return page(request, found)


def _permissions(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    """What the caller's roles at the scope and above allow, a block a role."""
    scope = ResourceId.parse(match["scope"])
    if scope.type not in (SUBSCRIPTION, TENANT):
        if scope.type != GROUP and scope.group_id:
            azure.resources.need(scope.group_id)
        azure.resources.need(scope)
    names = ("actions", "notActions", "dataActions", "notDataActions")
    found = [
        {name: block.get(name, []) for name in names}
        for block in azure.authorization.granted(request.principal, scope)
    ]
    return page(request, found)


TYPES: list[ResourceType] = []
_SUBSCRIPTION = r"/subscriptions/[^/]+"
ROUTES = [
    Route("GET", "/subscriptions", _list),
    Route("GET", "/tenants", _tenants),
    Route("GET", rf"(?P<at>{_SUBSCRIPTION})", _one),
    Route("GET", rf"{_SUBSCRIPTION}/locations", _locations),
    Route(
        "GET",
        rf"(?P<scope>{_SUBSCRIPTION}(/.+?)?)/providers/microsoft\.authorization/permissions",
        _permissions,
    ),
]

"""Tenant and subscriptions, the regions there, and what a caller may do at a scope.

A subscription is made by an alias of it, as in Azure; that goes, and the subscription stays.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

from sandbox.arm.answers import Response, page
from sandbox.arm.authorization import ASSIGNMENTS
from sandbox.arm.errors import ArmError
from sandbox.arm.ids import GROUP, SUBSCRIPTION, TENANT, ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import SUCCEEDED, Resource
from sandbox.arm.routes import Route
from sandbox.arm.types import Body, Change, ResourceType
from sandbox.resources.regions import display_names

if TYPE_CHECKING:
    from sandbox.azure import Azure


ALIASES = "Microsoft.Subscription/aliases"


def _view(azure: Azure, subscription: str) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{subscription}",
        "subscriptionId": subscription,
        "tenantId": azure.identity.tenant_id,
        "displayName": azure.subscriptions.name(subscription),
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
    there = azure.subscriptions.all()
    found = [one for one in there if _has_a_role(azure, request.principal, one)]
    return page(request, [_view(azure, one) for one in found])


def _has_a_role(azure: Azure, principal: str, subscription: str) -> bool:
    """In the subscription, or above it: in the whole tenant."""
    return principal == azure.identity.principal_id or any(
        assignment.id.subscription.lower() in (subscription.lower(), "")
        for assignment in azure.resources.list(ASSIGNMENTS)
        if assignment.properties.get("principalId") == principal
    )


def _one(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    at = ResourceId.parse(match["at"])
    if not _has_a_role(azure, request.principal, at.name):
        azure.authorization.check(request.principal, at, f"{SUBSCRIPTION}/read")
    return Response(200, _view(azure, at.name.lower()))


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


def _locations(_azure: Azure, request: Request, match: re.Match[str]) -> Response:
    found = [
        {
            "id": f"{match['at']}/locations/{name}",
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


def _prepare(azure: Azure, change: Change) -> None:
    """An alias is a request to make a subscription, or names one that is there; made, it stays as
    it is.
    """
    alias = change.resource
    if change.previous:
        alias.body = change.previous.body
        return
    properties = alias.properties
    given = properties.get("subscriptionId")
    known = azure.subscriptions.name(str(given)) if given else None
    if given and known is None:
        raise ArmError(
            404, "SubscriptionNotFound", f"The subscription '{given}' could not be found."
        )
    properties["subscriptionId"] = given or str(uuid.uuid4())
    properties["displayName"] = known or properties.get("displayName") or alias.name


async def _provision(azure: Azure, alias: Resource) -> None:
    subscription = alias.properties["subscriptionId"]
    if azure.subscriptions.name(subscription) is None:
        azure.subscriptions.make(alias.properties["displayName"], subscription)


def _view_alias(_azure: Azure, _alias: Resource, body: Body) -> None:
    body["properties"]["provisioningState"] = SUCCEEDED


TYPES = [
    ResourceType(
        ALIASES,
        states=False,
        synchronous=True,
        delete_status=200,
        prepare=_prepare,
        provision=_provision,
        view=_view_alias,
    ),
]
_SUBSCRIPTION = r"/subscriptions/[^/]+"
ROUTES = [
    Route("GET", "/subscriptions", _list),
    Route("GET", "/tenants", _tenants),
    Route("GET", rf"(?P<at>{_SUBSCRIPTION})", _one),
    Route("GET", rf"(?P<at>{_SUBSCRIPTION})/locations", _locations),
    Route(
        "GET",
        rf"(?P<scope>{_SUBSCRIPTION}(/.+?)?)/providers/microsoft\.authorization/permissions",
        _permissions,
    ),
]

"""Requests that are not about one resource: subscriptions, providers, operations, deleted things.

A module that brings such a route of its own lists it in its `ROUTES`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox import schemas
from sandbox.arm.answers import (
    Response,
    operation_result,
    operation_status,
    page,
)
from sandbox.arm.errors import ArmError
from sandbox.arm.ids import SUBSCRIPTION, ResourceId
from sandbox.arm.reads import resources
from sandbox.arm.request import Request

if TYPE_CHECKING:
    from sandbox.azure import Azure

Handler = Callable[["Azure", Request, re.Match[str]], Response | Awaitable[Response]]


@dataclass(frozen=True)
class Route:
    """`pattern` is matched against the whole path, without case; named groups reach `handler`."""

    method: str
    pattern: str
    handler: Handler

    def match(self, request: Request) -> re.Match[str] | None:
        if request.method != self.method:
            return None
        return self._compiled.fullmatch(request.path.rstrip("/"))

    @functools.cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.IGNORECASE)


def _subscription(azure: Azure) -> dict[str, Any]:
    identity = azure.identity
    return {
        "id": f"/subscriptions/{identity.subscription_id}",
        "subscriptionId": identity.subscription_id,
        "tenantId": identity.tenant_id,
        "displayName": "Sandbox",
        "state": "Enabled",
        "subscriptionPolicies": {"quotaId": "Sandbox", "spendingLimit": "On"},
    }


def _clouds(_azure: Azure, _request: Request, _match: re.Match[str]) -> Response:
    """The clouds there are, this one only: what azureml-mlflow asks before it logs."""
    arm = "https://management.core.windows.net/"
    cloud = {
        "name": "AzureCloud",
        "portal": "https://portal.azure.com",
        "authentication": {
            "loginEndpoint": "https://login.microsoftonline.com/",
            "audiences": [arm, "https://management.azure.com/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "resourceManager": "https://management.azure.com/",
        "batch": "https://batch.core.windows.net/",
        "graphAudience": "https://graph.windows.net/",
        "suffixes": {
            "storage": "core.windows.net",
            "keyVaultDns": "vault.azure.net",
            "acrLoginServer": "azurecr.io",
            "sqlServerHostname": "database.windows.net",
        },
    }
    return Response(200, [cloud])


def _subscriptions(azure: Azure, request: Request, _match: re.Match[str]) -> Response:
    return page(request, [_subscription(azure)])


def _one_subscription(azure: Azure, _request: Request, _match: re.Match[str]) -> Response:
    return Response(200, _subscription(azure))


def _tenants(azure: Azure, request: Request, _match: re.Match[str]) -> Response:
    tenant = azure.identity.tenant_id
    return page(request, [{"id": f"/tenants/{tenant}", "tenantId": tenant}])


def _all_resources(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    scope = ResourceId.parse(match["scope"])
    if scope.type != SUBSCRIPTION:
        azure.resources.need(scope)
    return resources(azure, request, scope)


def _provider(azure: Azure, namespace: str) -> dict[str, Any]:
    types = [kind for kind in azure.types if kind.name.lower().startswith(namespace.lower() + "/")]
    if not types:
        raise ArmError(
            404,
            "InvalidResourceNamespace",
            f"The resource namespace '{namespace}' is invalid or not in this sandbox.",
        )
    name = types[0].name.split("/")[0]
    return {
        "id": f"/subscriptions/{azure.identity.subscription_id}/providers/{name}",
        "namespace": name,
        "registrationState": "Registered",
        "registrationPolicy": "RegistrationRequired",
        "resourceTypes": [
            {
                "resourceType": kind.name.split("/", 1)[1],
                "locations": ["East US", "West Europe", "Korea Central"],
                "apiVersions": sorted(schemas.versions(kind.name), reverse=True),
            }
            for kind in types
        ],
    }


def _providers(azure: Azure, request: Request, _match: re.Match[str]) -> Response:
    return page(request, [_provider(azure, name) for name in azure.types.namespaces.values()])


def _one_provider(azure: Azure, _request: Request, match: re.Match[str]) -> Response:
    return Response(200, _provider(azure, match["namespace"]))


def _events(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    """The activity log of the subscription, newest first."""
    at = ResourceId.parse(match["scope"])
    azure.authorization.check(request.principal, at, "Microsoft.Insights/eventtypes/values/read")
    return page(request, azure.activity.find(request.query.get("$filter", "")))


def _operation(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    operation = azure.operations.get(match["id"])
    if operation is None:
        raise ArmError(404, "OperationNotFound", f"There is no operation '{match['id']}'.")
    if match["kind"].lower() == "operationstatuses":
        return operation_status(request, operation)
    return operation_result(request, operation)


_SUBSCRIPTION = r"/subscriptions/[^/]+"
ROUTES = [
    Route("GET", "/metadata/endpoints", _clouds),
    Route("GET", "/subscriptions", _subscriptions),
    Route("GET", "/tenants", _tenants),
    Route("GET", _SUBSCRIPTION, _one_subscription),
    Route("GET", rf"(?P<scope>{_SUBSCRIPTION}(/resourcegroups/[^/]+)?)/resources", _all_resources),
    Route("GET", rf"{_SUBSCRIPTION}/providers", _providers),
    Route(
        "GET",
        rf"(?P<scope>{_SUBSCRIPTION})/providers/microsoft\.insights/eventtypes/management/values",
        _events,
    ),
    Route("GET", rf"{_SUBSCRIPTION}/providers/(?P<namespace>[^/]+)", _one_provider),
    Route("POST", rf"{_SUBSCRIPTION}/providers/(?P<namespace>[^/]+)/register", _one_provider),
    Route(
        "GET",
        rf"{_SUBSCRIPTION}/providers/[^/]+/locations/[^/]+/"
        r"(?P<kind>operationstatuses|operationresults)/(?P<id>[^/]+)",
        _operation,
    ),
]

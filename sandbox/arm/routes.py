"""Requests that are not about one resource, and of no one module: clouds, listings, operations.

A module that brings such a route of its own lists it in its `ROUTES`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

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


def _all_resources(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    scope = ResourceId.parse(match["scope"])
    if scope.type != SUBSCRIPTION:
        azure.resources.need(scope)
    return resources(azure, request, scope)


def _events(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    """The activity log of the subscription, newest first."""
    at = ResourceId.parse(match["scope"])
    azure.authorization.check(request.principal, at, "Microsoft.Insights/eventtypes/values/read")
    return page(request, azure.activity.find(at, request.query.get("$filter", "")))


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
    Route("GET", rf"(?P<scope>{_SUBSCRIPTION}(/resourcegroups/[^/]+)?)/resources", _all_resources),
    Route(
        "GET",
        rf"(?P<scope>{_SUBSCRIPTION})/providers/microsoft\.insights/eventtypes/management/values",
        _events,
    ),
    Route(
        "GET",
        rf"{_SUBSCRIPTION}/providers/[^/]+/locations/[^/]+/"
        r"(?P<kind>operationstatuses|operationresults)/(?P<id>[^/]+)",
        _operation,
    ),
]

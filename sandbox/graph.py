"""graph.microsoft.com: the reads by which the Azure CLI tells whom a role assignment is for.

The sandbox has no directory. What it knows are the principals that can get a token here: its own
service principal and the managed identities of its resources. Every other request is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import refusals
from sandbox.arm.errors import ArmError
from sandbox.arm.identities import IDENTITIES
from sandbox.login.tokens import AUDIENCES, GRAPH, TokenError, verify

if TYPE_CHECKING:
    from sandbox.azure import Azure

_NAMED = re.compile(r"serviceprincipalnames/any\(c:\s*c eq '([^']*)'\)", re.IGNORECASE)
_EQUAL = re.compile(r"(appId|id) eq '([^']*)'")
_USER = re.compile(r"userPrincipalName eq '[^']*'")


def principals(azure: Azure) -> Iterator[dict[str, Any]]:
    """Each principal of the sandbox, as Graph shows a service principal."""
    identity = azure.identity
    yield _principal(identity.principal_id, identity.client_id, "sandbox", "Application")
    for resource in azure.resources.list():
        if resource.type.lower() == IDENTITIES.lower():
            at = resource.properties
            ids = str(at["principalId"]), str(at["clientId"])
            yield _principal(*ids, resource.id.name, "ManagedIdentity")
        elif own := (resource.body.get("identity") or {}).get("principalId"):
            # A system-assigned identity has a client id of its own, which ARM does not show.
            yield _principal(str(own), str(own), resource.id.name, "ManagedIdentity")


def _principal(object_id: str, client_id: str, name: str, kind: str) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.servicePrincipal",
        "id": object_id,
        "appId": client_id,
        "displayName": name,
        "servicePrincipalNames": [client_id],
        "servicePrincipalType": kind,
    }


def application(azure: Azure) -> Starlette:
    def check(request: Request) -> None:
        """Raises 401 for a request without a token for Graph."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise ArmError(401, "InvalidAuthenticationToken", "Access token is empty.")
        try:
            verify(azure.identity, azure.clock, token, AUDIENCES[GRAPH])
        except TokenError as error:
            refusal = ArmError(401, "InvalidAuthenticationToken", error.message)
            refusal.headers["www-authenticate"] = error.challenge(azure.identity, GRAPH)
            raise refusal from None

    async def by_ids(request: Request) -> Response:
        check(request)
        try:
            body = await request.json()
        except (ValueError, RecursionError):
            body = None
        ids = body.get("ids") if isinstance(body, dict) else None
        if not isinstance(ids, list):
            raise ArmError(400, "Request_BadRequest", "The body needs 'ids', a list.")
        wanted = {str(one).lower() for one in ids}
        return _page([one for one in principals(azure) if one["id"].lower() in wanted])

    def service_principals(request: Request) -> Response:
        check(request)
        text = request.query_params.get("$filter", "")
        if found := _NAMED.fullmatch(text):
            key, value = "appId", found[1]
        elif found := _EQUAL.fullmatch(text):
            key, value = found[1], found[2]
        else:
            raise _no_directory(request)
        return _page([one for one in principals(azure) if one[key].lower() == value.lower()])

    def service_principal(request: Request) -> Response:
        check(request)
        wanted = request.path_params["id"].lower()
        for one in principals(azure):
            if one["id"].lower() == wanted:
                return JSONResponse(one)
        raise ArmError(
            404, "Request_ResourceNotFound", f"Resource '{wanted}' does not exist in the sandbox."
        )

    def users(request: Request) -> Response:
        check(request)
        if not _USER.fullmatch(request.query_params.get("$filter", "")):
            raise _no_directory(request)
        return _page([])  # Nobody signs in to the sandbox.

    def other(request: Request, _: Exception) -> Response:
        refusal = _no_directory(request)
        return JSONResponse(refusal.body(), refusal.status)

    routes = [
        Route("/v1.0/directoryObjects/getByIds", by_ids, methods=["POST"]),
        Route("/v1.0/servicePrincipals", service_principals),
        Route("/v1.0/servicePrincipals/{id}", service_principal),
        Route("/v1.0/users", users),
    ]
    return refusals.application(routes, {HTTPException: other})


def _page(found: list[dict[str, Any]]) -> Response:
    context = f"{GRAPH}/v1.0/$metadata#directoryObjects"
    return JSONResponse({"@odata.context": context, "value": found})


def _no_directory(request: Request) -> ArmError:
    return ArmError(
        501,
        "NotImplemented",
        f"The sandbox has no directory and no '{request.method} {request.url.path}': of Microsoft "
        "Graph it has what the Azure CLI reads of the principals of role assignments.",
    )

"""Tokens for what runs under a managed identity: the address that Azure ML gives jobs and servers.

`MSI_ENDPOINT` and `MSI_SECRET` as azure-identity and MSAL read them ("Azure ML managed identity").
The secret says whose identities may be used, a compute's or an endpoint's; which of them counts is
looked up each time, as are its roles by whoever takes the token.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import refusals
from sandbox.arm.ids import ResourceId
from sandbox.login import tokens

if TYPE_CHECKING:
    from sandbox.arm.resource import Resource
    from sandbox.azure import Azure

ADDRESS = "https://identity.sandbox.internal/token"
AUDIENCE = "urn:sandbox:managed-identity"
"""Of the secrets: no service takes them for a token."""


@dataclass(frozen=True)
class Held:
    """A managed identity that a resource has."""

    principal_id: str
    client_id: str


def held(resource: Resource) -> list[Held]:
    """The identities of a compute or an endpoint, its own first."""
    identity = resource.body.get("identity") or {}
    own = identity.get("principalId")
    assigned = (identity.get("userAssignedIdentities") or {}).values()
    # A system-assigned identity has a client id of its own, which ARM does not show.
    return [
        *([Held(str(own), str(own))] if own else []),
        *(Held(str(one["principalId"]), str(one["clientId"])) for one in assigned),
    ]


def variables(azure: Azure, resource: Resource | None, lifetime: timedelta) -> dict[str, str]:
    """What a process gets that acts under a resource's identities; nothing where it has none."""
    identities = held(resource) if resource else []
    if not resource or not identities:
        return {}
    secret = tokens.mint(
        azure.identity,
        azure.clock,
        audience=AUDIENCE,
        principal_id=str(resource.id),
        client_id=identities[0].client_id,
        lifetime=lifetime,
    )
    # The third is what Azure ML itself sets, from memory: for those who ask by a client id.
    return {
        "MSI_ENDPOINT": ADDRESS,
        "MSI_SECRET": secret,
        "DEFAULT_IDENTITY_CLIENT_ID": identities[0].client_id,
    }


def application(azure: Azure) -> Starlette:
    def token(request: Request) -> Response:
        try:
            holder = tokens.verify(
                azure.identity, azure.clock, request.headers.get("secret", ""), [AUDIENCE]
            )
        except tokens.TokenError as error:
            return _refusal(401, "unauthorized_client", error.message)
        resource = azure.resources.get(ResourceId.parse(holder.principal_id))
        wanted = request.query_params.get("clientid") or holder.client_id
        found = next(
            (one for one in (held(resource) if resource else []) if one.client_id == wanted), None
        )
        if found is None:
            return _refusal(400, "invalid_request", f"No managed identity '{wanted}' is assigned.")
        audience = request.query_params.get("resource", "").rstrip("/")
        if audience not in set().union(*tokens.AUDIENCES.values()):
            return _refusal(400, "invalid_resource", f"The resource '{audience}' is not known.")
        lifetime = tokens.LIFETIME
        access = tokens.mint(
            azure.identity,
            azure.clock,
            audience=audience,
            principal_id=found.principal_id,
            client_id=found.client_id,
            lifetime=lifetime,
        )
        answer: dict[str, Any] = {
            "access_token": access,
            "client_id": found.client_id,
            "expires_on": str(int(azure.clock.time() + lifetime.total_seconds())),
            "resource": audience,
            "token_type": "Bearer",
        }
        return JSONResponse(answer)

    return refusals.application([Route("/token", token)])


def _refusal(status: int, error: str, message: str) -> Response:
    return JSONResponse({"error": error, "error_description": message}, status)

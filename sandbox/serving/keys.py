"""Who may score: an endpoint's two keys, its own tokens, and Entra's."""

from __future__ import annotations

import hmac
import secrets
import string
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.arm.resource import Resource
from sandbox.login.tokens import AUDIENCES, MACHINE_LEARNING, TokenError, mint, verify

if TYPE_CHECKING:
    from sandbox.azure import Azure

PRIMARY, SECONDARY = "primary", "secondary"
KEY, OWN_TOKEN, ENTRA_TOKEN = "key", "amltoken", "aadtoken"
"""The authentication modes of an endpoint, in lower case."""

TOKEN_LIFETIME = timedelta(hours=12)
REFRESH_AFTER = timedelta(hours=11)
SCORE = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action"

_ALPHABET = string.ascii_letters + string.digits
_KEY_LENGTH = 32


class UnauthorizedError(Exception):
    """A credential that is refused; the text is what the service answers."""


def new_key() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_KEY_LENGTH))


def mode(endpoint: Resource) -> str:
    return str(endpoint.properties.get("authMode", KEY)).lower()


def own_token(azure: Azure, endpoint: Resource, principal: str) -> dict[str, Any]:
    """A token that opens this endpoint only, as ``POST …/token`` answers it."""
    now = azure.clock.now()
    token = mint(
        azure.identity,
        azure.clock,
        audience=_audience(endpoint),
        principal_id=principal,
        client_id=azure.identity.client_id,
        lifetime=TOKEN_LIFETIME,
    )
    return {
        "accessToken": token,
        "expiryTimeUtc": int((now + TOKEN_LIFETIME).timestamp()),
        "refreshAfterTimeUtc": int((now + REFRESH_AFTER).timestamp()),
        "tokenType": "Bearer",
    }


def check(azure: Azure, endpoint: Resource, authorization: str) -> None:
    """Raises UnauthorizedError unless the Authorization header opens the endpoint."""
    kind = mode(endpoint)
    scheme, _, credential = authorization.partition(" ")
    prefix = "key_auth" if kind == KEY else "token_auth"
    if scheme.lower() != "bearer" or not credential:
        raise UnauthorizedError(f"{prefix}_bad_header_forbidden")
    if kind == KEY:
        known = endpoint.private["keys"]
        given = credential.strip().encode()
        if not any(hmac.compare_digest(key.encode(), given) for key in known.values()):
            raise UnauthorizedError("key_auth_access_denied")
        return
    audiences = {_audience(endpoint)} if kind == OWN_TOKEN else AUDIENCES[MACHINE_LEARNING]
    try:
        caller = verify(azure.identity, azure.clock, credential.strip(), audiences)
    except TokenError as error:
        raise UnauthorizedError(f"token_auth_access_denied: {error.message}") from None
    allowed = azure.authorization.allows(caller.principal_id, endpoint.id, SCORE)
    if kind == ENTRA_TOKEN and not allowed:
        raise UnauthorizedError("token_auth_access_denied")


def _audience(endpoint: Resource) -> str:
    return f"https://ml.azure.com{endpoint.id.key}"

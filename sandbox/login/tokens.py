"""Access tokens: made here, checked here, in the form of Entra's v1 tokens (RS256)."""

from __future__ import annotations

import base64
import functools
import json
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import jwt

from sandbox.clock import Clock
from sandbox.identity import Identity

ARM = "https://management.azure.com"
STORAGE = "https://storage.azure.com"
VAULT = "https://vault.azure.net"
MACHINE_LEARNING = "https://ml.azure.com"
GRAPH = "https://graph.microsoft.com"

AUDIENCES = {
    ARM: {ARM, "https://management.core.windows.net"},
    STORAGE: {STORAGE},
    VAULT: {VAULT},
    GRAPH: {GRAPH},
    MACHINE_LEARNING: {MACHINE_LEARNING, ARM, "https://management.core.windows.net"},
}
"""Which token audiences each service takes; Azure ML's data plane takes ARM's as well."""

LIFETIME = timedelta(hours=24)
SKEW = timedelta(minutes=5)
"""How much earlier than issued a token is already valid, as Entra does."""


@dataclass(frozen=True)
class Caller:
    """Who sent a request: the principal's object id and its application's id."""

    principal_id: str
    client_id: str
    claims: dict[str, Any] = field(default_factory=dict, repr=False)


class TokenError(Exception):
    """A token that is refused: `code` for programs, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def challenge(self, identity: Identity, audience: str) -> str:
        """The ``WWW-Authenticate`` header of the 401.

        After an expiry it carries a claims challenge, upon which the official clients get a new
        token: their cache goes by the machine's clock, the sandbox's may be far ahead.
        """
        expired = self.code == "ExpiredAuthenticationToken"
        parts = [
            f'authorization_uri="https://login.microsoftonline.com/{identity.tenant_id}"',
            f'error="{"insufficient_claims" if expired else "invalid_token"}"',
            f'error_description="{self.message.replace(chr(34), chr(39))}"',
            f'resource="{audience}"',
        ]
        if expired:
            claims = json.dumps({"access_token": {"nbf": {"essential": True}}})
            parts.append(f'claims="{base64.b64encode(claims.encode()).decode()}"')
        return "Bearer " + ", ".join(parts)


def mint(
    identity: Identity,
    clock: Clock,
    *,
    audience: str,
    principal_id: str,
    client_id: str,
    lifetime: timedelta = LIFETIME,
) -> str:
    """A signed token for one audience.

    Storage's go by the machine's clock, since it is Azurite that checks them.
    """
    audience = audience.rstrip("/")
    now = time.time() if audience == STORAGE else clock.time()
    claims = {
        "aud": audience,
        "iss": identity.issuer,
        "iat": int(now),
        "nbf": int(now - SKEW.total_seconds()),
        "exp": int(now + lifetime.total_seconds()),
        "oid": principal_id,
        "sub": principal_id,
        "appid": client_id,
        "appidacr": "1",
        "idtyp": "app",
        "tid": identity.tenant_id,
        "uti": uuid.uuid4().hex,
        "ver": "1.0",
    }
    headers = {"kid": identity.key_id}
    return jwt.encode(claims, identity.private_key, algorithm="RS256", headers=headers)


@functools.lru_cache(maxsize=256)
def _signed_claims(identity: Identity, token: str) -> dict[str, Any]:
    """What a token signed by this sandbox claims; whether that holds now is not asked here.

    The signature of a token does not change, so it is checked once: clients send one for hours.
    """
    claims: dict[str, Any] = jwt.decode(
        token,
        identity.private_key.public_key(),
        algorithms=["RS256"],
        # The time is for `verify` to check: the sandbox's clock may be ahead.
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False,
                 "verify_aud": False, "require": ["exp", "nbf", "aud", "oid"]},
    )  # fmt: skip
    return claims


def verify(identity: Identity, clock: Clock, token: str, audiences: Iterable[str]) -> Caller:
    """Who the token speaks for. Raises TokenError when it is not for this service, now."""
    try:
        claims = _signed_claims(identity, token)
    except jwt.InvalidTokenError as error:
        raise TokenError(
            "InvalidAuthenticationToken", f"The access token is invalid: {error}."
        ) from None
    if claims.get("iss") != identity.issuer:
        raise TokenError(
            "InvalidAuthenticationTokenTenant",
            f"The access token is from the wrong issuer '{claims.get('iss')}'. It must match the "
            f"tenant '{identity.issuer}' associated with this subscription.",
        )
    allowed = {audience.rstrip("/") for audience in audiences}
    if str(claims["aud"]).rstrip("/") not in allowed:
        raise TokenError(
            "InvalidAuthenticationTokenAudience",
            "The access token has been obtained for the wrong audience or resource "
            f"'{claims['aud']}'. It should match one of: {', '.join(sorted(allowed))}.",
        )
    now = clock.time()
    if claims["exp"] <= now:
        raise TokenError(
            "ExpiredAuthenticationToken", "The access token expiry UTC time has passed."
        )
    if claims["nbf"] > now:
        raise TokenError("InvalidAuthenticationToken", "The access token is not valid yet.")
    return Caller(claims["oid"], claims.get("appid", ""), claims)

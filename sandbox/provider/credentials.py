"""Tokens for ARM and the vaults: a service principal's secret, or whatever azure-identity finds."""

from __future__ import annotations

import base64
import json
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

AUTHORITY = "https://login.microsoftonline.com"
ARM = "https://management.azure.com"
VAULT = "https://vault.azure.net"
EARLY = 300.0  # seconds before its end at which a token is renewed


class LoginError(Exception):
    """No token could be had; the text says why and what to do."""


@dataclass(frozen=True)
class Account:
    """Who the provider is, from its configuration or the environment."""

    subscription: str
    tenant: str
    client: str
    secret: str

    @classmethod
    def read(cls, config: Mapping[str, str]) -> Account:
        def value(key: str, name: str) -> str:
            return (
                config.get(key)
                or os.environ.get(f"ARM_{name}")
                or os.environ.get(f"AZURE_{name}")
                or ""
            )

        return cls(
            subscription=value("subscriptionId", "SUBSCRIPTION_ID"),
            tenant=value("tenantId", "TENANT_ID"),
            client=value("clientId", "CLIENT_ID"),
            secret=value("clientSecret", "CLIENT_SECRET"),
        )


@dataclass
class Credentials:
    """Hands out bearer tokens; asks again only when one is about to end."""

    account: Account
    http: httpx.Client
    _tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def token(self, audience: str, *, renew: bool = False) -> str:
        """A token for `audience`. Raises `LoginError`."""
        with self._lock:
            token, end = self._tokens.get(audience, ("", 0.0))
            if renew or end - EARLY < time.time():
                token, end = self._ask(audience)
                self._tokens[audience] = (token, end)
            return token

    def claims(self) -> dict[str, Any]:
        """What ARM's token says of its bearer (not verified: it is for our own use)."""
        payload = self.token(ARM).split(".")[1]
        found: dict[str, Any] = json.loads(
            base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        )
        return found

    def _ask(self, audience: str) -> tuple[str, float]:
        if not self.account.secret:
            return _from_azure_identity(audience)
        answer = self.http.post(
            f"{AUTHORITY}/{self.account.tenant}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": self.account.client,
                "client_secret": self.account.secret,
                "scope": f"{audience}/.default",
            },
        )
        body = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        if answer.status_code != 200:
            said = body.get("error_description") or f"HTTP {answer.status_code}"
            raise LoginError(
                f"Login as {self.account.client or 'nobody'} in tenant "
                f"{self.account.tenant or 'unknown'} was refused: {said} "
                "Check ARM_CLIENT_ID, ARM_CLIENT_SECRET and ARM_TENANT_ID."
            )
        return body["access_token"], time.time() + float(body["expires_in"])


def _from_azure_identity(audience: str) -> tuple[str, float]:
    from azure.core.exceptions import ClientAuthenticationError
    from azure.identity import CredentialUnavailableError, DefaultAzureCredential

    try:
        token = DefaultAzureCredential().get_token(f"{audience}/.default")
    except (ClientAuthenticationError, CredentialUnavailableError) as error:
        raise LoginError(
            "No credentials for Azure: set ARM_CLIENT_ID, ARM_CLIENT_SECRET, ARM_TENANT_ID and "
            "ARM_SUBSCRIPTION_ID (inside a sandbox 'amlops sandbox run -- …' does), or log in "
            f"with 'az login'. {error.message}"
        ) from None
    return token.token, float(token.expires_on)

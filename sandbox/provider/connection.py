"""The way out of the plugin: one pool of connections to Azure, one line back to the engine."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from sandbox.provider.arm import Arm, Progress
from sandbox.provider.credentials import Account, Credentials
from sandbox.provider.resources import Resources

TIMEOUT = httpx.Timeout(60.0, connect=10.0)
POOL = httpx.Limits(max_connections=64, max_keepalive_connections=32)


@dataclass
class Connection:
    """What a configured provider works with."""

    arm: Arm
    credentials: Credentials
    resources: Resources
    engine: str = ""

    def progress(self, urn: str) -> Progress:
        """Shows the state of a long-running operation beside its resource."""
        if not self.engine:
            return lambda _: None
        return lambda state: self._say(urn, f"Azure says: {state}")

    def _say(self, urn: str, text: str) -> None:
        from sandbox.provider.protocol import engine_log

        engine_log(self.engine, urn, text)


def connect(
    config: Mapping[str, str], engine: str = "", transport: httpx.BaseTransport | None = None
) -> Connection:
    """Raises `ValueError` when no subscription is named."""
    account = Account.read(config)
    if not account.subscription:
        raise ValueError(
            "No subscription: set ARM_SUBSCRIPTION_ID, or "
            "'pulumi config set azure-native:subscriptionId ID'."
        )
    http = httpx.Client(
        timeout=TIMEOUT,
        limits=POOL,
        transport=transport,
        verify=_trust() if transport is None else True,
    )
    credentials = Credentials(account, http)
    arm = Arm(http, credentials)
    resources = Resources(arm, account.subscription, config.get("location") or None)
    return Connection(arm, credentials, resources, engine)


def _trust() -> ssl.SSLContext:
    """The certificates that the other clients trust too, whichever variable names them."""
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if path := os.environ.get(name):
            return ssl.create_default_context(cafile=path)
    return ssl.create_default_context()

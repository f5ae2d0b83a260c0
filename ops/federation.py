"""Log in from a pipeline without a stored secret: workload identity federation.

A run of GitHub Actions or Azure Pipelines may ask for a token that says which pipeline it is, and
Entra takes that instead of a secret. It lives for minutes, a command may take an hour, and other
audiences are asked for on the way. So our own clients get a new one whenever they log in, and
those that read a file (Pulumi, its backend and plugin, MLflow) find a fresh one in it.
"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ops.failure import Failure

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

AUDIENCE = "api://AzureADTokenExchange"
TOKEN_FILE = "AZURE_FEDERATED_TOKEN_FILE"  # noqa: S105 - a variable's name
FOLDER = "amlops-login-"
FRESH = 240.0
"""Seconds after which the file is written anew: GitHub's tokens live for five minutes."""
TIMEOUT = 30.0
"""Seconds to wait for the pipeline's service."""


@dataclass(frozen=True)
class Federation:
    """Who a pipeline's run is in Entra, and the request that it asks its own service with."""

    service: str
    client: str
    tenant: str
    method: str
    address: str
    parameters: Mapping[str, str]
    bearer: str = field(repr=False)
    answer: str
    """The key of the token in what the service answers."""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Federation | None:
        """None outside of a pipeline, and where a secret is there already.

        The names of the variables are those that GitHub's runner gives to a job with `id-token:
        write`, and that the task AzureCLI@2 gives to its script (the latter also stand in
        azure-identity's `AzurePipelinesCredential`).
        """
        if environ.get("AZURE_CLIENT_SECRET"):
            return None
        if environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"):
            return cls(
                service="GitHub",
                client=_named(environ, "AZURE_CLIENT_ID"),
                tenant=_named(environ, "AZURE_TENANT_ID"),
                method="GET",
                address=environ["ACTIONS_ID_TOKEN_REQUEST_URL"],
                parameters={"audience": AUDIENCE},
                bearer=_named(environ, "ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
                answer="value",
            )
        connection = environ.get("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID")
        if connection and environ.get("SYSTEM_OIDCREQUESTURI"):
            return cls(
                service="Azure Pipelines",
                client=_named(environ, "AZURESUBSCRIPTION_CLIENT_ID"),
                tenant=_named(environ, "AZURESUBSCRIPTION_TENANT_ID"),
                method="POST",
                address=environ["SYSTEM_OIDCREQUESTURI"],
                parameters={"api-version": "7.1", "serviceConnectionId": connection},
                bearer=_named(environ, "SYSTEM_ACCESSTOKEN"),
                answer="oidcToken",
            )
        return None

    def assertion(self) -> str:
        """A fresh token of the pipeline's. Raises `Failure`."""
        import requests

        try:
            answer = requests.request(
                self.method,
                self.address,
                params=self.parameters,
                headers={"authorization": f"Bearer {self.bearer}"},
                timeout=TIMEOUT,
            )
            answer.raise_for_status()
            return str(answer.json()[self.answer])
        except (requests.RequestException, ValueError, KeyError) as error:
            raise Failure(
                f"{self.service} gave this run no token to log in to Azure with: {error}. See "
                "'Logging in' in docs/pipelines.md."
            ) from None


def _named(environ: Mapping[str, str], name: str) -> str:
    if not environ.get(name):
        raise Failure(f"{name} is not set, which a pipeline logs in with: see docs/pipelines.md.")
    return environ[name]


def credential() -> TokenCredential:
    """What the official clients log in with: the pipeline's, else what azure-identity finds."""
    from azure.identity import ClientAssertionCredential, DefaultAzureCredential

    # It warns of every way to log in that it tried; the error that follows says the same.
    logging.getLogger("azure.identity").setLevel(logging.ERROR)
    federation = Federation.of(os.environ)
    if federation is None:
        return DefaultAzureCredential()
    return ClientAssertionCredential(federation.tenant, federation.client, federation.assertion)


def enter(environ: MutableMapping[str, str]) -> None:
    """In a pipeline: set what unmodified clients log in with, and keep it fresh until the end."""
    federation = Federation.of(environ)
    if federation is None or FOLDER in environ.get(TOKEN_FILE, ""):
        return
    file = Path(tempfile.mkdtemp(prefix=FOLDER)) / "token"
    atexit.register(shutil.rmtree, file.parent, ignore_errors=True)
    _write(file, federation.assertion())
    environ.update(
        {
            "AZURE_CLIENT_ID": federation.client,
            "AZURE_TENANT_ID": federation.tenant,
            TOKEN_FILE: str(file),
            # Of the azure-native plugin: it then reads the same file, whichever pipeline it is.
            "ARM_USE_DEFAULT_AZURE_CREDENTIAL": "true",
            "ARM_CLIENT_ID": federation.client,
            "ARM_TENANT_ID": federation.tenant,
        }
    )
    if environ.get("AZURE_SUBSCRIPTION_ID"):
        environ.setdefault("ARM_SUBSCRIPTION_ID", environ["AZURE_SUBSCRIPTION_ID"])
    threading.Thread(target=_keep_fresh, args=(federation, file), daemon=True).start()


def _keep_fresh(federation: Federation, file: Path) -> None:
    ended = threading.Event()  # never set: the thread ends with the process
    while not ended.wait(FRESH):
        try:
            _write(file, federation.assertion())
        except Failure:
            continue  # The next time; meanwhile the clients have what they logged in with.


def _write(file: Path, token: str) -> None:
    """At once, and for this user only."""
    fresh = file.with_name("token.new")
    fresh.touch(mode=0o600)
    fresh.write_text(token)
    fresh.replace(file)

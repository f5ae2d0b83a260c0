"""Logging in from a pipeline: who it is, what it asks, and that no client keeps an old token.

`tests/pipelines` goes through both systems' pipelines with it, in a sandbox.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ops import federation
from ops.failure import Failure
from ops.federation import TOKEN_FILE, Federation

CLIENT, TENANT = "11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-000000000000"


class Service:
    """Answers a run's question for a token with the next number, or as `status` says."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.status = 200
        service = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                service.asked.append((self.command, self.path, self.headers["authorization"]))
                token = f"token {len(service.asked)}"
                body = json.dumps({"value": token, "oidcToken": token}).encode()
                self.send_response(service.status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer  # noqa: N815 - http.server's names

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}/ask?api=2"


@pytest.fixture
def service() -> Iterator[Service]:
    started = Service()
    yield started
    started.server.shutdown()
    started.server.server_close()


@pytest.fixture
def github(service: Service) -> dict[str, str]:
    return {
        "ACTIONS_ID_TOKEN_REQUEST_URL": service.address,
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer-of-github",
        "AZURE_CLIENT_ID": CLIENT,
        "AZURE_TENANT_ID": TENANT,
    }


@pytest.fixture
def azure_devops(service: Service) -> dict[str, str]:
    return {
        "SYSTEM_OIDCREQUESTURI": service.address.partition("?")[0],
        "SYSTEM_ACCESSTOKEN": "bearer-of-azure-devops",
        "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": "connection",
        "AZURESUBSCRIPTION_CLIENT_ID": CLIENT,
        "AZURESUBSCRIPTION_TENANT_ID": TENANT,
    }


def test_github_is_asked_for_the_audience_of_entra(
    service: Service, github: dict[str, str]
) -> None:
    found = Federation.of(github)
    assert found
    assert (found.client, found.tenant) == (CLIENT, TENANT)
    assert found.assertion() == "token 1"
    ((method, path, bearer),) = service.asked
    assert (method, bearer) == ("GET", "Bearer bearer-of-github")
    assert path == "/ask?api=2&audience=api%3A%2F%2FAzureADTokenExchange"


def test_azure_devops_is_asked_for_the_service_connection(
    service: Service, azure_devops: dict[str, str]
) -> None:
    found = Federation.of(azure_devops)
    assert found
    assert (found.client, found.tenant) == (CLIENT, TENANT)
    assert found.assertion() == "token 1"
    ((method, path, bearer),) = service.asked
    assert (method, bearer) == ("POST", "Bearer bearer-of-azure-devops")
    assert path == "/ask?api-version=7.1&serviceConnectionId=connection"


def test_the_request_to_azure_devops_is_that_of_the_official_credential(
    service: Service, azure_devops: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from azure.identity import AzurePipelinesCredential

    monkeypatch.setenv("SYSTEM_OIDCREQUESTURI", azure_devops["SYSTEM_OIDCREQUESTURI"])
    official = AzurePipelinesCredential(
        tenant_id=TENANT,
        client_id=CLIENT,
        service_connection_id="connection",
        system_access_token="bearer-of-azure-devops",
    )
    assert official._get_oidc_token() == "token 1"
    found = Federation.of(azure_devops)
    assert found
    found.assertion()
    theirs, ours = service.asked
    assert ours == theirs


@pytest.mark.parametrize("missing", ["AZURE_CLIENT_ID", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"])
def test_what_is_missing_is_named(github: dict[str, str], missing: str) -> None:
    with pytest.raises(Failure, match=f"{missing} is not set"):
        Federation.of({**github, missing: ""})


def test_no_pipeline_or_a_secret_is_no_federation(github: dict[str, str]) -> None:
    assert Federation.of({"AZURE_CLIENT_ID": CLIENT}) is None
    assert Federation.of({**github, "AZURE_CLIENT_SECRET": "s"}) is None, (
        "a sandbox's, or one's own"
    )


@pytest.mark.parametrize("status", [401, 500])
def test_a_refusal_says_who_refused_and_where_to_read_on(
    service: Service, github: dict[str, str], status: int
) -> None:
    service.status = status
    found = Federation.of(github)
    assert found
    with pytest.raises(Failure, match=f"GitHub gave this run no token.*{status}") as caught:
        found.assertion()
    assert "docs/pipelines.md" in caught.value.message
    assert "bearer-of-github" not in caught.value.message


@pytest.mark.parametrize("where", ["github", "azure_devops"])
def test_other_clients_find_a_token_that_is_kept_fresh(
    request: pytest.FixtureRequest, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables: dict[str, str] = request.getfixturevalue(where)
    variables["AZURE_SUBSCRIPTION_ID"] = "s"
    monkeypatch.setattr(federation, "FRESH", 0.01)
    federation.enter(variables)
    file = Path(variables[TOKEN_FILE])
    assert file.stat().st_mode & 0o077 == 0, "a token is for its owner only"
    assert (variables["AZURE_CLIENT_ID"], variables["ARM_TENANT_ID"]) == (CLIENT, TENANT)
    assert variables["ARM_SUBSCRIPTION_ID"] == "s"
    read = {file.read_text()}
    while len(read) < 3:
        read.add(file.read_text())
    before = dict(variables)
    federation.enter(variables)
    assert variables == before, "once is enough"


def test_outside_of_a_pipeline_nothing_is_set() -> None:
    variables = {"AZURE_SUBSCRIPTION_ID": "s"}
    federation.enter(variables)
    assert variables == {"AZURE_SUBSCRIPTION_ID": "s"}


def test_each_log_in_asks_for_a_token_of_its_own(
    service: Service, github: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An audience that is asked for late must not get the assertion of the first one."""
    sent: list[str] = []

    def credential(_tenant: str, _client: str, func: Any) -> Any:
        sent.extend([func(), func()])

    for name, value in github.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AZURE_CLIENT_SECRET", raising=False)
    monkeypatch.setattr("azure.identity.ClientAssertionCredential", credential)
    federation.credential()
    assert sent == ["token 1", "token 2"]

"""Whatever a client sends to whichever host, it is told so in the service's own format."""

from __future__ import annotations

import asyncio
import json
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import refusals, schemas
from sandbox.application import Hosts
from sandbox.azure import Azure
from sandbox.directory import Directory
from sandbox.login.tokens import ARM, MACHINE_LEARNING, VAULT
from tests.sandbox.conftest import Place, RunningSandbox, error

MALFORMED = ("MALFORMED_REQUEST", "INVALID_PARAMETER_VALUE", "BAD_REQUEST")
BODIES = (b'{"a": ', b"\xff\xfe", b"[" * 50_000, b"[1]", b'"x"', b"1")


def ask(
    sandbox: RunningSandbox, host: str, method: str, path: str, body: bytes, audience: str
) -> httpx.Response:
    token = sandbox.token(audience=audience)
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    with sandbox.http() as client:
        return client.request(method, f"https://{host}{path}", content=body, headers=headers)


@pytest.mark.parametrize(
    "kind",
    [
        "Microsoft.Storage/storageAccounts",
        "Microsoft.KeyVault/vaults",
        "Microsoft.Network/virtualNetworks",
        "Microsoft.MachineLearningServices/workspaces",
        "Microsoft.Consumption/budgets",
        "Microsoft.Authorization/locks",
        "Microsoft.Resources/deployments",
    ],
)
def test_arm_refuses_a_body_that_is_no_object(
    sandbox: RunningSandbox, group: str, kind: str
) -> None:
    at = f"/subscriptions/{sandbox.subscription}/resourceGroups/{group}/providers/{kind}/name"
    headers = {"content-type": "application/json"}
    for body in BODIES:
        answer = sandbox.arm("PUT", at, body, version=max(schemas.versions(kind)), headers=headers)
        assert error(answer) == (400, "InvalidRequestContent"), body[:9]


def test_arm_takes_four_megabytes_and_no_more(sandbox: RunningSandbox, group: str) -> None:
    at = f"/subscriptions/{sandbox.subscription}/resourceGroups/{group}"
    headers = {"content-type": "application/json"}
    for size, status in ((4 << 20, 200), ((4 << 20) + 1, 413)):
        body = b'{"location": "eastus"}'.ljust(size)
        answer = sandbox.arm("PUT", at, body, version="2025-04-01", headers=headers)
        assert answer.status_code == status
    assert answer.json()["error"]["code"] == "RequestContentTooLarge"


@pytest.mark.parametrize("name", ["$top", "$skip", "$skipToken"])
@pytest.mark.parametrize("value", ["-1", "many", "\u00b2"])
def test_a_page_that_is_no_number_is_refused(
    sandbox: RunningSandbox, name: str, value: str
) -> None:
    path = f"/subscriptions/{sandbox.subscription}/resourceGroups?{name}={value}"
    answer = sandbox.arm("GET", path, version="2025-04-01")
    assert error(answer) == (400, "InvalidQueryParameterValue")


@pytest.fixture(scope="module")
def vault(sandbox: RunningSandbox) -> Iterator[str]:
    """The host of a vault that the sandbox's principal may use."""
    group = f"/subscriptions/{sandbox.subscription}/resourceGroups/rg-{uuid.uuid4().hex[:8]}"
    name = f"kv-{uuid.uuid4().hex[:8]}"
    properties = {
        "tenantId": sandbox.environment["AZURE_TENANT_ID"],
        "sku": {"family": "A", "name": "standard"},
        "enableRbacAuthorization": True,
    }
    body = {"location": "eastus", "properties": properties}
    at = f"{group}/providers/Microsoft.KeyVault/vaults/{name}"
    sandbox.arm("PUT", group, {"location": "eastus"}, version="2025-04-01").raise_for_status()
    sandbox.arm("PUT", at, body, version="2024-11-01").raise_for_status()
    yield f"{name}.vault.azure.net"
    sandbox.arm("DELETE", group, version="2025-04-01")


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/secrets/a"), ("PATCH", "/secrets/a"), ("POST", "/keys/k/create")]
)
def test_a_vault_refuses_a_body_that_is_no_object(
    sandbox: RunningSandbox, vault: str, method: str, path: str
) -> None:
    for body in BODIES:
        answer = ask(sandbox, vault, method, f"{path}?api-version=7.5", body, VAULT)
        assert error(answer) == (400, "BadParameter"), body[:9]


@pytest.mark.parametrize(
    "path", ["/history/v1.0{}/rundata", "/data/v1.0{}/dataversion/batchGetResolvedUris"]
)
def test_the_data_plane_refuses_a_body_that_is_no_object(
    sandbox: RunningSandbox, workspace: Place, path: str
) -> None:
    at = path.format(workspace.id)
    for body in BODIES:
        answer = ask(sandbox, "eastus.api.azureml.ms", "POST", at, body, MACHINE_LEARNING)
        assert error(answer) == (400, "UserError"), body[:9]


def test_ids_to_resolve_are_a_list(sandbox: RunningSandbox, workspace: Place) -> None:
    at = f"/data/v1.0{workspace.id}/dataversion/batchGetResolvedUris"
    answer = ask(sandbox, "eastus.api.azureml.ms", "POST", at, b'{"values": 1}', MACHINE_LEARNING)
    assert error(answer) == (400, "UserError")


@pytest.mark.parametrize("call", ["runs/create", "runs/log-batch", "registered-models/create"])
def test_tracking_refuses_a_body_that_is_no_object(
    sandbox: RunningSandbox, workspace: Place, call: str
) -> None:
    at = f"/mlflow/v1.0{workspace.id}/api/2.0/mlflow/{call}"
    for body in BODIES:
        answer = ask(sandbox, "eastus.api.azureml.ms", "POST", at, body, MACHINE_LEARNING)
        assert answer.status_code == 400, body[:9]
        assert answer.json()["error_code"] in MALFORMED


@pytest.mark.parametrize(
    ("host", "method", "path", "status", "code"),
    [
        ("login.microsoftonline.com", "GET", "/nothing", 404, "NotFound"),
        ("login.microsoftonline.com", "PUT", "/common/oauth2/token", 405, "MethodNotAllowed"),
        ("eastus.api.azureml.ms", "OPTIONS", "/discovery", 405, "MethodNotAllowed"),
        ("sandbox.internal", "GET", "/nothing", 404, "NotFound"),
        ("kv-x.vault.azure.net", "GET", "/certificates", 404, "NotFound"),
    ],
)
def test_a_path_that_is_not_there_is_refused_as_json(
    sandbox: RunningSandbox, host: str, method: str, path: str, status: int, code: str
) -> None:
    audience = MACHINE_LEARNING if "azureml" in host else ARM
    answer = ask(sandbox, host, method, path, b"", audience)
    assert error(answer) == (status, code)


async def _plain(_scope: Any, _receive: Any, _send: Any) -> None:
    raise RuntimeError("the secret is 42")


def _of_routes() -> Any:
    def fails(_request: Request) -> Response:
        raise RuntimeError("the secret is 42")

    return refusals.application([Route("/{path:path}", fails)])


@pytest.mark.parametrize("application", [_plain, _of_routes()], ids=["plain", "of routes"])
def test_a_fault_of_the_sandboxs_own_is_told_without_its_trace(
    application: Any, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    with tempfile.TemporaryDirectory(prefix="amlops-") as folder:
        azure = Azure(Directory(Path(folder)))
        hosts = Hosts(azure)
        hosts.applications["arm"] = application
        headers = [(b"host", b"management.azure.com")]
        scope = {"type": "http", "method": "GET", "path": "/x", "headers": headers}
        asyncio.run(hosts(scope | {"query_string": b"", "root_path": ""}, receive, send))
        azure.store.close()
    assert [message.get("status") for message in sent] == [500, None]
    told = json.loads(sent[1]["body"])["error"]
    assert told["code"] == "InternalServerError"
    assert "RuntimeError" in told["message"]
    assert "secret" not in told["message"]
    assert "the secret is 42" in caplog.text, "the log has the whole of it"

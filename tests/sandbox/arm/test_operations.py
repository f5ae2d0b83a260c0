"""Long-running operations, on a sandbox that takes as long as Azure and whose clock is moved."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient

from sandbox.identity import Identity
from tests.sandbox.conftest import RunningSandbox, error, wait_until

ACCOUNT = {"location": "eastus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
STORAGE = "2023-01-01"
VAULT = "2023-02-01"


class Slow:
    """One group in a sandbox of its own."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sandbox = sandbox
        self.root = f"/subscriptions/{sandbox.subscription}/resourceGroups/rg-slow"
        assert self.ask("PUT", "", {"location": "eastus"}, "2025-04-01").is_success
        self.advance(5)
        wait_until(lambda: self.state("", "2025-04-01") == "Succeeded")

    def ask(self, method: str, path: str, body: Any = None, version: str = "") -> httpx.Response:
        address = path if path.startswith("/subscriptions") else f"{self.root}{path}"
        return self.sandbox.arm(method, address, body, version=version)

    def state(self, path: str, version: str) -> str:
        answer = self.ask("GET", path, version=version)
        return str(answer.json().get("properties", {}).get("provisioningState"))

    def advance(self, seconds: float) -> None:
        self.sandbox.advance(timedelta(seconds=seconds))

    def poll(self, answer: httpx.Response, header: str = "azure-asyncoperation") -> httpx.Response:
        path, _, query = (
            answer.headers[header].removeprefix("https://management.azure.com").partition("?")
        )
        return self.ask("GET", path, version=query.removeprefix("api-version="))


@pytest.fixture(scope="module")
def slow(start_sandbox: Callable[..., RunningSandbox]) -> Slow:
    return Slow(start_sandbox(durations="real", tracking=False))


@pytest.fixture
def account() -> str:
    return f"/providers/Microsoft.Storage/storageAccounts/st{uuid.uuid4().hex[:10]}"


@pytest.fixture
def no_faults(slow: Slow) -> Iterator[None]:
    yield
    slow.sandbox.admin("DELETE", "/faults")


def answers(slow: Slow, path: str, version: str) -> bool:
    try:
        return slow.ask("GET", path, version=version).status_code == 200
    except httpx.HTTPError:
        return False


def test_a_creation_runs_until_it_is_due(slow: Slow, account: str) -> None:
    answer = slow.ask("PUT", account, ACCOUNT, STORAGE)
    assert answer.json()["properties"]["provisioningState"] == "Creating"
    assert slow.poll(answer).json()["status"] == "InProgress"
    assert slow.state(account, STORAGE) == "Creating"
    slow.advance(21)
    wait_until(lambda: slow.poll(answer).json()["status"] == "Succeeded")
    assert slow.state(account, STORAGE) == "Succeeded"


def test_what_ended_a_day_ago_cannot_be_asked_for(slow: Slow, account: str) -> None:
    answer = slow.ask("PUT", account, ACCOUNT, STORAGE)
    slow.advance(21)
    wait_until(lambda: slow.poll(answer).json().get("status") == "Succeeded")
    slow.advance(timedelta(hours=23).total_seconds())
    assert slow.poll(answer).json()["status"] == "Succeeded"
    slow.advance(timedelta(hours=1, minutes=2).total_seconds())
    wait_until(lambda: slow.poll(answer).status_code == 404)
    assert error(slow.poll(answer)) == (404, "OperationNotFound")
    assert slow.state(account, STORAGE) == "Succeeded"


def test_an_official_client_polls_until_it_is_there(
    start_sandbox: Callable[..., RunningSandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = start_sandbox(durations="short", tracking=False)
    sandbox.lead(monkeypatch)
    given = (sandbox.credential(), sandbox.subscription)
    ResourceManagementClient(*given).resource_groups.create_or_update("rg", {"location": "eastus"})
    accounts = StorageManagementClient(*given).storage_accounts
    states: list[str] = []

    def watch(pipeline: Any) -> None:
        body = json.loads(pipeline.http_response.read())
        states.append(body.get("status") or body["properties"]["provisioningState"])

    name = f"st{uuid.uuid4().hex[:10]}"
    poller = accounts.begin_create("rg", name, ACCOUNT, raw_response_hook=watch)
    assert poller.result().provisioning_state == "Succeeded"
    assert states[0] == "Creating"
    assert "InProgress" in states
    assert states[-2:] == ["Succeeded", "Succeeded"]  # the operation, then the account


def test_what_is_being_changed_takes_no_other_change(slow: Slow, account: str) -> None:
    assert slow.ask("PUT", account, ACCOUNT, STORAGE).is_success
    assert error(slow.ask("PUT", account, ACCOUNT, STORAGE)) == (409, "AnotherOperationInProgress")
    slow.advance(21)
    wait_until(lambda: slow.state(account, STORAGE) == "Succeeded")
    assert slow.ask("PUT", account, {**ACCOUNT, "tags": {"a": "b"}}, STORAGE).status_code == 200
    slow.advance(5)


def test_a_creation_that_a_kill_interrupts_is_taken_up_again(slow: Slow, account: str) -> None:
    answer = slow.ask("PUT", account, ACCOUNT, STORAGE)
    slow.sandbox.kill("azure")

    wait_until(lambda: answers(slow, account, STORAGE), what="ARM answers again")
    assert slow.state(account, STORAGE) == "Creating"
    assert slow.poll(answer).json()["status"] == "InProgress"
    slow.advance(21)
    wait_until(lambda: slow.poll(answer).json()["status"] == "Succeeded")
    assert slow.state(account, STORAGE) == "Succeeded"


def test_a_deployment_that_a_kill_interrupts_is_taken_up_again(slow: Slow, account: str) -> None:
    name = account.rsplit("/", 1)[1]
    declared = {
        **ACCOUNT,
        "type": "Microsoft.Storage/storageAccounts",
        "apiVersion": STORAGE,
        "name": name,
    }
    later = {
        "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
        "apiVersion": "2023-01-31",
        "name": f"id-{name}",
        "location": "eastus",
        "dependsOn": [name],
    }
    template = {"contentVersion": "1.0.0.0", "resources": [declared, later]}
    body = {"properties": {"mode": "Incremental", "template": template}}
    deployment = f"/providers/Microsoft.Resources/deployments/{name}"
    assert slow.ask("PUT", deployment, body, "2024-03-01").is_success
    wait_until(lambda: slow.state(account, STORAGE) == "Creating")
    slow.sandbox.kill("azure")
    wait_until(lambda: answers(slow, deployment, "2024-03-01"), what="ARM answers again")
    assert slow.state(deployment, "2024-03-01") == "Running"
    slow.advance(21)

    def ended() -> bool:
        slow.advance(5)  # the account is put once more by the second run
        return slow.state(deployment, "2024-03-01") == "Succeeded"

    wait_until(ended)
    identity = later["name"]
    made = slow.ask("GET", f"/providers/{later['type']}/{identity}", version="2023-01-31")
    assert made.status_code == 200


def test_a_deployment_that_is_cancelled_goes_no_further(slow: Slow, account: str) -> None:
    name = account.rsplit("/", 1)[1]
    kind = {"type": "Microsoft.Storage/storageAccounts", "apiVersion": STORAGE, "name": name}
    template = {"contentVersion": "1.0.0.0", "resources": [{**ACCOUNT, **kind}]}
    body = {"properties": {"mode": "Incremental", "template": template}}
    deployment = f"/providers/Microsoft.Resources/deployments/{name}"
    assert slow.ask("PUT", deployment, body, "2024-03-01").is_success
    exported = slow.ask("POST", f"{deployment}/exportTemplate", version="2024-03-01").json()
    assert exported == {"template": template}
    cancel = f"{deployment}/cancel"
    assert slow.ask("POST", cancel, version="2024-03-01").status_code == 204
    assert slow.state(deployment, "2024-03-01") == "Canceled"
    again = slow.ask("POST", cancel, version="2024-03-01")
    assert error(again) == (409, "DeploymentCannotBeCancelled")
    slow.advance(21)


def test_a_failed_provisioning_is_told_and_may_be_tried_again(
    slow: Slow, account: str, no_faults: None
) -> None:
    fault = {"kind": "provisioning", "match": account, "times": 1}
    slow.sandbox.admin("POST", "/faults", fault)
    answer = slow.ask("PUT", account, ACCOUNT, STORAGE)
    slow.advance(21)
    wait_until(lambda: slow.poll(answer).json()["status"] == "Failed")
    assert slow.poll(answer).json()["error"]["code"] == "ProvisioningFailed"
    assert slow.state(account, STORAGE) == "Failed"
    again = slow.ask("PUT", account, ACCOUNT, STORAGE)
    slow.advance(21)
    wait_until(lambda: slow.poll(again).json()["status"] == "Succeeded")


def test_a_group_that_is_being_deleted_takes_nothing_new(slow: Slow) -> None:
    root = f"/subscriptions/{slow.sandbox.subscription}/resourceGroups/rg-{uuid.uuid4().hex[:8]}"
    slow.ask("PUT", root, {"location": "eastus"}, "2025-04-01")
    slow.advance(2)
    wait_until(lambda: slow.state(root, "2025-04-01") == "Succeeded")
    answer = slow.ask("DELETE", root, version="2025-04-01")
    assert answer.status_code == 202
    assert slow.poll(answer, "location").status_code == 202
    identity = f"{root}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/identity"
    refused = slow.ask("PUT", identity, {"location": "eastus"}, "2023-01-31")
    assert error(refused) == (409, "ResourceGroupBeingDeleted")
    slow.advance(61)
    wait_until(lambda: slow.poll(answer, "location").status_code == 200)
    assert slow.ask("GET", root, version="2025-04-01").status_code == 404


def test_a_protected_vault_is_purged_on_its_date_and_not_before(slow: Slow) -> None:
    name = f"kv-{uuid.uuid4().hex[:10]}"
    vault = f"/providers/Microsoft.KeyVault/vaults/{name}"
    properties = {
        "tenantId": Identity.open(slow.sandbox.directory).tenant_id,
        "sku": {"family": "A", "name": "standard"},
        "softDeleteRetentionInDays": 7,
        "enablePurgeProtection": True,
    }
    body = {"location": "eastus", "properties": properties}
    assert slow.ask("PUT", vault, body, VAULT).is_success
    slow.advance(16)
    wait_until(lambda: slow.state(vault, VAULT) == "Succeeded")
    assert slow.ask("DELETE", vault, version=VAULT).is_success
    deleted = (
        f"/subscriptions/{slow.sandbox.subscription}/providers/Microsoft.KeyVault/locations/eastus/"
        f"deletedVaults/{name}"
    )
    purge = slow.ask("POST", f"{deleted}/purge", version=VAULT)
    assert purge.status_code == 409
    assert slow.ask("GET", deleted, version=VAULT).status_code == 200
    slow.advance(timedelta(days=7, minutes=1).total_seconds())
    wait_until(lambda: slow.ask("GET", deleted, version=VAULT).status_code == 404)


def test_a_token_expires_by_the_sandboxs_clock(slow: Slow) -> None:
    token = slow.sandbox.token()
    arm = slow.sandbox.arm
    assert arm("GET", slow.root, version="2025-04-01", token=token).status_code == 200
    slow.advance(timedelta(hours=25).total_seconds())
    late = arm("GET", slow.root, version="2025-04-01", token=token)
    assert error(late) == (401, "ExpiredAuthenticationToken")
    assert "claims=" in late.headers["www-authenticate"]

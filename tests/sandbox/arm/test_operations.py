"""Long-running operations, on a sandbox that takes as long as Azure and whose clock is moved."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from azure.mgmt.hdinsight import HDInsightManagementClient

from sandbox.identity import Identity
from tests.sandbox.conftest import RunningSandbox, error, wait_until

CLUSTERS = "Microsoft.HDInsight/clusters"
CLUSTER = {
    "location": "eastus",
    "properties": {
        "clusterDefinition": {"kind": "Spark"},
        "computeProfile": {"roles": [{"name": "headnode"}]},
    },
}
HDINSIGHT = "2024-08-01-preview"
TAKES = 1200
"""Seconds of a cluster's creation: of all types the most, so that it goes on, however busy the
machine, until a test moves the clock."""
VAULT = "2023-02-01"


class Slow:
    """One group in a sandbox of its own."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sandbox = sandbox
        self.root = f"/subscriptions/{sandbox.subscription}/resourceGroups/rg-slow"
        self.group = self.root.rsplit("/", 1)[1]
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
def cluster() -> str:
    return f"/providers/{CLUSTERS}/hdi{uuid.uuid4().hex[:10]}"


@pytest.fixture
def no_faults(slow: Slow) -> Iterator[None]:
    yield
    slow.sandbox.admin("DELETE", "/faults")


def answers(slow: Slow, path: str, version: str) -> bool:
    try:
        return slow.ask("GET", path, version=version).status_code == 200
    except httpx.HTTPError:
        return False


def test_a_creation_runs_until_it_is_due(slow: Slow, cluster: str) -> None:
    answer = slow.ask("PUT", cluster, CLUSTER, HDINSIGHT)
    assert answer.json()["properties"]["provisioningState"] == "Creating"
    assert slow.poll(answer).json()["status"] == "InProgress"
    assert slow.state(cluster, HDINSIGHT) == "Creating"
    slow.advance(TAKES + 1)
    wait_until(lambda: slow.poll(answer).json()["status"] == "Succeeded")
    assert slow.state(cluster, HDINSIGHT) == "Succeeded"


def test_what_ended_a_day_ago_cannot_be_asked_for(slow: Slow, cluster: str) -> None:
    answer = slow.ask("PUT", cluster, CLUSTER, HDINSIGHT)
    slow.advance(TAKES + 1)
    wait_until(lambda: slow.poll(answer).json().get("status") == "Succeeded")
    slow.advance(timedelta(hours=23).total_seconds())
    assert slow.poll(answer).json()["status"] == "Succeeded"
    slow.advance(timedelta(hours=1, minutes=2).total_seconds())
    wait_until(lambda: slow.poll(answer).status_code == 404)
    assert error(slow.poll(answer)) == (404, "OperationNotFound")
    assert slow.state(cluster, HDINSIGHT) == "Succeeded"


def test_an_official_client_polls_until_it_is_there(
    slow: Slow, cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow.sandbox.lead(monkeypatch)
    client = HDInsightManagementClient(slow.sandbox.credential(), slow.sandbox.subscription)
    states: list[str] = []

    def watch(pipeline: Any) -> None:
        if pipeline.http_request.method == "PUT":
            return  # the client itself reads what this answers
        body = json.loads(pipeline.http_response.read())
        states.append(body.get("status") or body["properties"]["provisioningState"])
        if states[-2:] == ["InProgress", "InProgress"]:
            slow.advance(TAKES + 1)

    name = cluster.rsplit("/", 1)[1]
    poller = client.clusters.begin_create(slow.group, name, CLUSTER, raw_response_hook=watch)
    assert poller.result().properties.provisioning_state == "Succeeded"
    assert states[:2] == ["InProgress", "InProgress"]
    assert states[-2:] == ["Succeeded", "Succeeded"]  # the operation, then the cluster


def test_what_is_being_changed_takes_no_other_change(slow: Slow, cluster: str) -> None:
    assert slow.ask("PUT", cluster, CLUSTER, HDINSIGHT).is_success
    assert error(slow.ask("PUT", cluster, CLUSTER, HDINSIGHT)) == (
        409,
        "AnotherOperationInProgress",
    )
    slow.advance(TAKES + 1)
    wait_until(lambda: slow.state(cluster, HDINSIGHT) == "Succeeded")
    assert slow.ask("PUT", cluster, {**CLUSTER, "tags": {"a": "b"}}, HDINSIGHT).status_code == 200
    slow.advance(TAKES)


def test_a_creation_that_a_kill_interrupts_is_taken_up_again(slow: Slow, cluster: str) -> None:
    answer = slow.ask("PUT", cluster, CLUSTER, HDINSIGHT)
    slow.sandbox.kill("azure")

    wait_until(lambda: answers(slow, cluster, HDINSIGHT), what="ARM answers again")
    assert slow.state(cluster, HDINSIGHT) == "Creating"
    assert slow.poll(answer).json()["status"] == "InProgress"
    slow.advance(TAKES + 1)
    wait_until(lambda: slow.poll(answer).json()["status"] == "Succeeded")
    assert slow.state(cluster, HDINSIGHT) == "Succeeded"


def test_a_deployment_that_a_kill_interrupts_is_taken_up_again(slow: Slow, cluster: str) -> None:
    name = cluster.rsplit("/", 1)[1]
    declared = {
        **CLUSTER,
        "type": CLUSTERS,
        "apiVersion": HDINSIGHT,
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
    wait_until(lambda: slow.state(cluster, HDINSIGHT) == "Creating")
    slow.sandbox.kill("azure")
    wait_until(lambda: answers(slow, deployment, "2024-03-01"), what="ARM answers again")
    assert slow.state(deployment, "2024-03-01") == "Running"
    slow.advance(TAKES + 1)

    def ended() -> bool:
        slow.advance(TAKES)  # the cluster is put once more by the second run
        return slow.state(deployment, "2024-03-01") == "Succeeded"

    wait_until(ended)
    identity = later["name"]
    made = slow.ask("GET", f"/providers/{later['type']}/{identity}", version="2023-01-31")
    assert made.status_code == 200


def test_a_deployment_that_is_cancelled_goes_no_further(slow: Slow, cluster: str) -> None:
    name = cluster.rsplit("/", 1)[1]
    kind = {"type": CLUSTERS, "apiVersion": HDINSIGHT, "name": name}
    template = {"contentVersion": "1.0.0.0", "resources": [{**CLUSTER, **kind}]}
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
    slow.advance(TAKES + 1)


def test_a_failed_provisioning_is_told_and_may_be_tried_again(
    slow: Slow, cluster: str, no_faults: None
) -> None:
    fault = {"kind": "provisioning", "match": cluster, "times": 1}
    slow.sandbox.admin("POST", "/faults", fault)
    answer = slow.ask("PUT", cluster, CLUSTER, HDINSIGHT)
    slow.advance(TAKES + 1)
    wait_until(lambda: slow.poll(answer).json()["status"] == "Failed")
    assert slow.poll(answer).json()["error"]["code"] == "ProvisioningFailed"
    assert slow.state(cluster, HDINSIGHT) == "Failed"
    again = slow.ask("PUT", cluster, CLUSTER, HDINSIGHT)
    slow.advance(TAKES + 1)
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

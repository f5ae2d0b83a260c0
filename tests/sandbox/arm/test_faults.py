"""Faults that are switched on, seen by an official client."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient

from tests.sandbox.conftest import RunningSandbox

ACCOUNT = {"location": "eastus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}


@pytest.fixture(autouse=True)
def no_faults(sandbox: RunningSandbox, group: str) -> Iterator[None]:
    """Before the group goes, which the faults may name."""
    yield
    sandbox.admin("DELETE", "/faults")


@pytest.fixture
def groups(sandbox: RunningSandbox) -> Any:
    client = ResourceManagementClient(sandbox.credential(), sandbox.subscription)
    return client.resource_groups


def test_throttling_says_when_to_come_again(sandbox: RunningSandbox, group: str) -> None:
    sandbox.admin("POST", "/faults", {"kind": "throttle", "match": group, "seconds": 7})
    path = f"/subscriptions/{sandbox.subscription}/resourceGroups/{group}"
    answer = sandbox.arm("GET", path, version="2025-04-01")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


def test_server_errors_carry_the_status_asked_for(sandbox: RunningSandbox, group: str) -> None:
    sandbox.admin("POST", "/faults", {"kind": "error", "match": group, "status": 503})
    path = f"/subscriptions/{sandbox.subscription}/resourceGroups/{group}"
    assert sandbox.arm("GET", path, version="2025-04-01").status_code == 503
    sandbox.admin("DELETE", "/faults")
    assert sandbox.arm("GET", path, version="2025-04-01").status_code == 200


def test_latency_is_added(sandbox: RunningSandbox, groups: Any, group: str) -> None:
    groups.get(group)
    sandbox.admin("POST", "/faults", {"kind": "latency", "match": group, "seconds": 0.5})
    before = time.monotonic()
    groups.get(group)
    assert time.monotonic() - before >= 0.5


def test_a_used_up_quota_is_told(sandbox: RunningSandbox, group: str) -> None:
    name = f"st{uuid.uuid4().hex[:10]}"
    sandbox.admin("POST", "/faults", {"kind": "quota", "match": name})
    accounts = StorageManagementClient(sandbox.credential(), sandbox.subscription).storage_accounts
    with pytest.raises(HttpResponseError) as refused:
        accounts.begin_create(group, name, ACCOUNT).result()
    assert "QuotaExceeded" in str(refused.value)


@pytest.mark.parametrize(
    "fault", [{"kind": "earthquake"}, {"kind": "error", "match": "("}, {"unknown": 1}]
)
def test_a_fault_that_makes_no_sense_is_refused(
    sandbox: RunningSandbox, fault: dict[str, Any]
) -> None:
    with pytest.raises(httpx.HTTPStatusError) as refused:
        sandbox.admin("POST", "/faults", fault)
    assert refused.value.response.status_code == 400

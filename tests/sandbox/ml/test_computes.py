"""Compute instances and clusters, through the official client."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from azure.ai.ml.entities import AmlCompute, ComputeInstance
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.sandbox.conftest import Place, RunningSandbox, wait_until

VERSION = "2023-08-01-preview"


@pytest.fixture
def instance(ml: Any) -> str:
    """A running instance that stops after an idle hour."""
    name = f"ci{uuid.uuid4().hex[:8]}"
    made = ComputeInstance(name=name, size="Standard_DS3_v2", idle_time_before_shutdown_minutes=60)
    ml.compute.begin_create_or_update(made).result()
    return name


def test_an_instance_stops_starts_and_restarts(ml: Any, instance: str) -> None:
    assert ml.compute.get(instance).state == "Running"
    ml.compute.begin_stop(instance).result()
    assert ml.compute.get(instance).state == "Stopped"
    ml.compute.begin_start(instance).result()
    assert ml.compute.get(instance).state == "Running"
    ml.compute.begin_restart(instance).result()
    assert ml.compute.get(instance).state == "Running"


def test_an_idle_instance_shuts_down(ml: Any, sandbox: RunningSandbox, instance: str) -> None:
    sandbox.advance(timedelta(minutes=59))
    assert ml.compute.get(instance).state == "Running"
    sandbox.advance(timedelta(minutes=2))
    wait_until(lambda: ml.compute.get(instance).state == "Stopped")
    assert ml.compute.get(instance).last_operation["operationName"] == "Stop"


def test_a_stop_survives_a_second_put(ml: Any, instance: str) -> None:
    ml.compute.begin_stop(instance).result()
    again = ComputeInstance(name=instance, size="Standard_DS3_v2")
    ml.compute.begin_create_or_update(again).result()
    assert ml.compute.get(instance).state == "Stopped"


def test_a_cluster_knows_no_stop(ml: Any, sandbox: RunningSandbox, workspace: Place) -> None:
    cluster = AmlCompute(name="unstoppable", size="Standard_DS3_v2", max_instances=1)
    ml.compute.begin_create_or_update(cluster).result()
    answer = sandbox.arm("POST", f"{workspace.id}/computes/unstoppable/stop", version=VERSION)
    assert answer.status_code == 400
    assert "no compute instance" in answer.json()["error"]["message"]


def test_an_idle_time_that_is_none_is_refused(sandbox: RunningSandbox, workspace: Place) -> None:
    scale = {"maxNodeCount": 1, "nodeIdleTimeBeforeScaleDown": "two minutes"}
    inner = {"vmSize": "Standard_DS3_v2", "scaleSettings": scale}
    body = {"location": "eastus", "properties": {"computeType": "AmlCompute", "properties": inner}}
    answer = sandbox.arm("PUT", f"{workspace.id}/computes/odd", body, version=VERSION)
    assert answer.status_code == 400
    assert "nodeIdleTimeBeforeScaleDown" in answer.json()["error"]["message"]
    assert sandbox.arm("GET", f"{workspace.id}/computes/odd", version=VERSION).status_code == 404


@pytest.mark.parametrize(
    "scale", [None, {"maxNodeCount": 1, "minNodeCount": None}], ids=["settings", "minimum"]
)
def test_null_is_as_good_as_left_out(
    sandbox: RunningSandbox, workspace: Place, scale: dict[str, Any] | None
) -> None:
    inner = {"vmSize": "Standard_DS3_v2", "scaleSettings": scale}
    body = {"location": "eastus", "properties": {"computeType": "AmlCompute", "properties": inner}}
    path = f"{workspace.id}/computes/plain"
    assert sandbox.arm("PUT", path, body, version=VERSION).is_success
    found = sandbox.arm("GET", path, version=VERSION).json()["properties"]["properties"]
    assert found["scaleSettings"]["minNodeCount"] == 0
    assert found["scaleSettings"]["maxNodeCount"] == 1


def test_what_is_no_identity_is_refused_as_one(sandbox: RunningSandbox, workspace: Place) -> None:
    identity = {"type": "UserAssigned", "userAssignedIdentities": {workspace.id: {}}}
    inner = {"vmSize": "Standard_DS3_v2", "scaleSettings": {"maxNodeCount": 1}}
    properties = {"computeType": "AmlCompute", "properties": inner}
    body = {"location": "eastus", "identity": identity, "properties": properties}
    answer = sandbox.arm("PUT", f"{workspace.id}/computes/odd", body, version=VERSION)
    assert (answer.status_code, answer.json()["error"]["target"]) == (
        400,
        "identity.userAssignedIdentities",
    )


def test_a_compute_that_is_not_there(ml: Any) -> None:
    with pytest.raises(ResourceNotFoundError) as refusal:
        ml.compute.get("nothing")
    assert refusal.value.error.code == "ResourceNotFound"


def test_no_compute_without_its_machine_size(sandbox: RunningSandbox, workspace: Place) -> None:
    scale = {"scaleSettings": {"maxNodeCount": 1}}
    body = {"location": "eastus", "properties": {"computeType": "AmlCompute", "properties": scale}}
    answer = sandbox.arm("PUT", f"{workspace.id}/computes/sizeless", body, version=VERSION)
    assert (answer.status_code, answer.json()["error"]["target"]) == (
        400,
        "properties.properties.vmSize",
    )


def test_a_taken_name_of_another_kind_is_refused(ml: Any, instance: str) -> None:
    with pytest.raises(HttpResponseError, match="computeType"):
        ml.compute.begin_create_or_update(
            AmlCompute(name=instance, size="Standard_DS3_v2", max_instances=1)
        ).result()

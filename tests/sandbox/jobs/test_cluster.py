"""A cluster grows with its queue and shrinks again; what it used is on its meter."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml.entities import AmlCompute, Job
from azure.core.exceptions import HttpResponseError

from tests.sandbox.conftest import Place, RunningSandbox, wait_until
from tests.sandbox.jobs.conftest import ended

VERSION = "2023-08-01-preview"
Submit = Callable[..., Job]


@pytest.fixture
def own_cluster(ml: Any) -> str:
    """A cluster that no other test uses: none to two nodes, idle for two hours."""
    name = f"c-{uuid.uuid4().hex[:6]}"
    made = AmlCompute(name=name, size="Standard_DS3_v2", min_instances=0, max_instances=2,
                      idle_time_before_scale_down=7200)  # fmt: skip
    ml.compute.begin_create_or_update(made).result()
    return name


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A file; jobs of `held` run until it is there."""
    return tmp_path / "gate"


def held(gate: Path) -> str:
    return f"until test -e {gate}; do sleep 0.05; done"


def state(sandbox: RunningSandbox, workspace: Place, name: str) -> dict[str, Any]:
    answer = sandbox.arm("GET", f"{workspace.id}/computes/{name}", version=VERSION)
    found: dict[str, Any] = answer.json()["properties"]["properties"]
    return found


def nodes(sandbox: RunningSandbox, workspace: Place, name: str) -> int:
    return int(state(sandbox, workspace, name)["currentNodeCount"])


def node_seconds(sandbox: RunningSandbox, workspace: Place, name: str) -> float:
    path = f"{workspace.id}/computes/{name}/nodeSeconds"
    return float(sandbox.arm("POST", path, version=VERSION).json()["nodeSeconds"])


def test_it_goes_from_no_node_to_one_and_back(
    ml: Any,
    submit: Submit,
    sandbox: RunningSandbox,
    workspace: Place,
    own_cluster: str,
    gate: Path,
) -> None:
    assert nodes(sandbox, workspace, own_cluster) == 0
    begun = time.monotonic()
    job = submit(held(gate), compute=own_cluster)
    wait_until(lambda: ml.jobs.get(job.name).status == "Running")
    counts = state(sandbox, workspace, own_cluster)["nodeStateCounts"]
    assert (counts["runningNodeCount"], counts["idleNodeCount"]) == (1, 0)
    gate.touch()
    ended(ml, job)
    assert state(sandbox, workspace, own_cluster)["nodeStateCounts"]["idleNodeCount"] == 1
    sandbox.advance(timedelta(hours=1))
    assert nodes(sandbox, workspace, own_cluster) == 1
    sandbox.advance(timedelta(hours=1, seconds=1))
    wait_until(lambda: nodes(sandbox, workspace, own_cluster) == 0)
    used = node_seconds(sandbox, workspace, own_cluster)
    assert 7200 < used < 7202 + time.monotonic() - begun
    sandbox.advance(timedelta(hours=1))
    assert node_seconds(sandbox, workspace, own_cluster) == used


def test_the_third_job_waits_for_one_of_two_nodes(
    ml: Any,
    submit: Submit,
    sandbox: RunningSandbox,
    workspace: Place,
    own_cluster: str,
    tmp_path: Path,
) -> None:
    gates = [tmp_path / name for name in "abc"]
    first, second, third = (submit(held(gate), compute=own_cluster) for gate in gates)
    for job in (first, second):
        wait_until(lambda job=job: ml.jobs.get(job.name).status == "Running")  # type: ignore[misc]
    assert ml.jobs.get(third.name).status == "Queued"
    assert nodes(sandbox, workspace, own_cluster) == 2
    gates[1].touch()
    ended(ml, second)
    wait_until(lambda: ml.jobs.get(third.name).status == "Running")
    assert ml.jobs.get(first.name).status == "Running"
    assert nodes(sandbox, workspace, own_cluster) == 2
    for gate in gates:
        gate.touch()
    assert {ended(ml, job).status for job in (first, third)} == {"Completed"}


def test_a_minimum_keeps_nodes_and_may_be_taken_back(
    ml: Any, sandbox: RunningSandbox, workspace: Place, own_cluster: str
) -> None:
    cluster = ml.compute.get(own_cluster)
    cluster.min_instances = 2
    ml.compute.begin_update(cluster).result()
    wait_until(lambda: nodes(sandbox, workspace, own_cluster) == 2)
    cluster.min_instances = 0
    ml.compute.begin_update(cluster).result()
    sandbox.advance(timedelta(hours=2, minutes=1))
    wait_until(lambda: nodes(sandbox, workspace, own_cluster) == 0)


def test_a_compute_in_use_cannot_be_deleted(
    ml: Any, submit: Submit, own_cluster: str, gate: Path
) -> None:
    job = submit(held(gate), compute=own_cluster)
    with pytest.raises(HttpResponseError, match=f"in use by {job.name}") as refusal:
        ml.compute.begin_delete(own_cluster).result()
    assert refusal.value.status_code == 409
    gate.touch()
    ended(ml, job)
    ml.compute.begin_delete(own_cluster).result()
    assert own_cluster not in [item.name for item in ml.compute.list()]


def test_a_minimum_above_the_maximum_is_refused(ml: Any) -> None:
    wrong = AmlCompute(name="wrong", size="Standard_DS3_v2", min_instances=3, max_instances=1)
    with pytest.raises(HttpResponseError, match="minimum of 3 nodes is above the maximum of 1"):
        ml.compute.begin_create_or_update(wrong).result()


def test_another_machine_size_is_refused(ml: Any, own_cluster: str) -> None:
    changed = AmlCompute(name=own_cluster, size="Standard_F4s_v2", max_instances=2)
    with pytest.raises(HttpResponseError, match="vmSize") as refusal:
        ml.compute.begin_create_or_update(changed).result()
    assert refusal.value.status_code == 400


def test_a_job_without_a_compute_runs_serverless(ml: Any, submit: Submit) -> None:
    assert ended(ml, submit("true", compute=None)).status == "Completed"


def test_sizes_and_usage_are_listed(ml: Any) -> None:
    assert "Standard_DS3_v2" in [size.name for size in ml.compute.list_sizes(location="eastus")]
    assert list(ml.compute.list_usage(location="eastus"))


def test_a_cluster_with_a_minimum_starts_with_it(
    ml: Any, sandbox: RunningSandbox, workspace: Place
) -> None:
    name = f"c-{uuid.uuid4().hex[:6]}"
    made = AmlCompute(name=name, size="Standard_DS3_v2", min_instances=1, max_instances=2)
    ml.compute.begin_create_or_update(made).result()
    wait_until(lambda: nodes(sandbox, workspace, name) == 1)
    ml.compute.begin_delete(name).result()

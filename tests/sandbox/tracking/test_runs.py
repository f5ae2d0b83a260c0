"""Runs that carry a job's name, and what a killed MLflow server loses: nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import mlflow
import pytest

from sandbox.clock import Clock
from sandbox.directory import Directory
from sandbox.tracking import runs
from tests.sandbox.conftest import Place, RunningSandbox
from tests.sandbox.tracking.conftest import Use, rest, workspace_id


class Context:
    """As much of `Azure` as runs need, in this process."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.clock = Clock(directory.clock)


def ask(sandbox: RunningSandbox, call: Callable[[Any], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        context = Context(sandbox.directory)
        try:
            return await call(context)
        finally:
            await runs.client(context).aclose()

    return asyncio.run(run())


def test_a_run_carries_the_name_of_its_job(
    sandbox: RunningSandbox, use: Use, workspace: Place, name: str, kind: str
) -> None:
    at, job = workspace_id(sandbox, workspace), f"{name}_job-1"
    first = ask(sandbox, lambda azure: runs.ensure_run(azure, at, name, job, {"team": "bikes"}))
    again = ask(sandbox, lambda azure: runs.ensure_run(azure, at, name, job, {}))
    assert first == again
    with use(kind, workspace) as client:
        run = client.get_run(job)
        assert run.info.run_id == job
        assert run.data.tags["team"] == "bikes"
        assert runs.RUN_ID_TAG not in run.data.tags
        mlflow.set_experiment(name)
        with mlflow.start_run(run_id=job):
            mlflow.log_metric("rmse", 2.5)
            mlflow.log_text("from the job", "outputs/x.txt")
        root = client.get_run(job).info.artifact_uri
        assert mlflow.artifacts.load_text(f"{root}/outputs/x.txt") == "from the job"
    assert ask(sandbox, lambda azure: runs.metrics(azure, at, job)) == {"rmse": 2.5}
    ask(sandbox, lambda azure: runs.finish_run(azure, at, job, "FAILED"))
    with use(kind, workspace) as client:
        assert client.get_run(job).info.status == "FAILED"


def test_two_workspaces_may_have_a_job_of_the_same_name(
    sandbox: RunningSandbox, workspace: Place, other_workspace: Place, name: str
) -> None:
    def log(place: Place, value: float) -> None:
        at = workspace_id(sandbox, place)
        ask(sandbox, lambda azure: runs.ensure_run(azure, at, "e", name))
        body = {"run_id": name, "key": "value", "value": value, "timestamp": 1}
        assert rest(sandbox, place, "POST", "mlflow/runs/log-metric", json=body).is_success

    def logged(place: Place) -> object:
        at = workspace_id(sandbox, place)
        return ask(sandbox, lambda azure: runs.metrics(azure, at, name))

    log(workspace, 1.0)
    log(other_workspace, 2.0)
    assert logged(workspace) == {"value": 1.0}
    assert logged(other_workspace) == {"value": 2.0}


@pytest.mark.parametrize("bad", ["../x", "a/b", "", "x" * 300])
def test_a_run_id_that_is_no_name_is_not_taken(
    sandbox: RunningSandbox, workspace: Place, bad: str
) -> None:
    tags = [{"key": runs.RUN_ID_TAG, "value": bad}]
    answer = rest(
        sandbox, workspace, "POST", "mlflow/runs/create", json={"experiment_id": "0", "tags": tags}
    )
    if bad:
        assert answer.status_code == 400, answer.text
    else:
        assert answer.json()["run"]["info"]["run_id"]


def test_a_killed_server_loses_nothing_it_has_acknowledged(
    sandbox: RunningSandbox, workspace: Place, name: str
) -> None:
    at = workspace_id(sandbox, workspace)
    ask(sandbox, lambda azure: runs.ensure_run(azure, at, "kill", name))
    acknowledged: list[int] = []

    def log(step: int) -> None:
        body = {"run_id": name, "key": "a", "value": float(step), "timestamp": step, "step": step}
        answer = rest(sandbox, workspace, "POST", "mlflow/runs/log-metric", json=body)
        if answer.is_success:
            acknowledged.append(step)
        else:
            assert answer.status_code == 503, answer.text
            assert answer.headers["retry-after"]

    with ThreadPoolExecutor(4) as pool:
        first = list(pool.map(log, range(20)))
        killing = pool.submit(sandbox.kill, "mlflow")
        rest_of_them = list(pool.map(log, range(20, 60)))
        killing.result()
    assert len(first) + len(rest_of_them) == 60
    assert len(acknowledged) > 20  # the server came back, and the waiting requests with it
    history = rest(
        sandbox, workspace, "GET", f"mlflow/metrics/get-history?run_id={name}&metric_key=a"
    )
    kept = {int(point.get("step", 0)) for point in history.json()["metrics"]}
    assert kept >= set(acknowledged)


def test_a_server_that_does_not_come_up_is_a_503(tmp_path: Path) -> None:
    context = Context(Directory(tmp_path))
    request = httpx.Request("GET", "http://localhost/api/2.0/mlflow/experiments/get")
    with pytest.raises(runs.MlflowError, match="starting") as error:
        asyncio.run(runs.send(context, request, wait=0))
    assert error.value.status == 503

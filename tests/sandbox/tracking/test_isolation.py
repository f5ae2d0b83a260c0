"""A workspace sees its own experiments, runs, artifacts and models only, also by guessed ids."""

from __future__ import annotations

import stat
from collections.abc import Callable
from typing import Any

import mlflow
import psutil
import pytest
from mlflow.exceptions import MlflowException

from tests.sandbox.conftest import Place, RunningSandbox, make_workspace, wait_until
from tests.sandbox.tracking.conftest import Use, rest, workspace_id


@pytest.fixture
def run_id(use: Use, workspace: Place, name: str) -> str:
    """A run of the first workspace, with an artifact and a registered model of the same name."""
    with use("plain", workspace) as client:
        mlflow.set_experiment(name)
        with mlflow.start_run() as run:
            mlflow.log_text("secret", "model/x.txt")
        client.create_registered_model(name)
        client.create_model_version(name, f"{run.info.artifact_uri}/model", run.info.run_id)
    return str(run.info.run_id)


def test_runs_and_experiments_of_another_workspace_are_not_there(
    use: Use, other_workspace: Place, run_id: str, name: str, kind: str
) -> None:
    with use(kind, other_workspace) as client:
        calls: list[Callable[[], object]] = [
            lambda: client.get_run(run_id),
            lambda: client.log_metric(run_id, "a", 1.0),
            lambda: client.set_tag(run_id, "a", "b"),
            lambda: client.delete_run(run_id),
        ]
        for call in calls:
            with pytest.raises(MlflowException) as error:
                call()
            assert error.value.error_code == "RESOURCE_DOES_NOT_EXIST"
        assert client.get_experiment_by_name(name) is None
        assert client.search_registered_models(f"name = '{name}'") == []
        with pytest.raises(MlflowException) as error:
            client.get_model_version(name, "1")
        assert error.value.error_code == "RESOURCE_DOES_NOT_EXIST"


@pytest.mark.parametrize(
    ("method", "path", "request_"),
    [
        ("GET", "mlflow/runs/get?run_id={run}", {}),
        ("GET", "mlflow/metrics/get-history?run_id={run}&metric_key=a", {}),
        ("GET", "mlflow-artifacts/artifacts/1/{run}/artifacts/model/x.txt", {}),
        ("PUT", "mlflow-artifacts/artifacts/1/{run}/artifacts/model/x.txt", {"content": b"x"}),
        ("DELETE", "mlflow-artifacts/artifacts/1/{run}/artifacts/model/x.txt", {}),
        ("GET", "mlflow-artifacts/artifacts?path=1/{run}/artifacts", {}),
    ],
)
def test_a_guessed_run_id_is_a_404(
    sandbox: RunningSandbox,
    workspace: Place,
    other_workspace: Place,
    run_id: str,
    method: str,
    path: str,
    request_: dict[str, Any],
) -> None:
    # The header by which the sandbox itself names a workspace is not taken from a client.
    spoofed = {"X-Azureml-Workspace": workspace_id(sandbox, workspace)}
    answer = rest(
        sandbox, other_workspace, method, path.format(run=run_id), headers=spoofed, **request_
    )
    assert answer.status_code in (404, 200 if "get-history" in path else 404), answer.text
    if answer.status_code == 200:
        assert answer.json().get("metrics", []) == []
    else:
        assert answer.json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"


def test_the_server_is_behind_a_socket_of_the_owners(sandbox: RunningSandbox) -> None:
    """MLflow asks nobody who they are: whoever reaches it writes into every workspace."""
    reached = sandbox.directory.mlflow_socket
    wait_until(reached.is_socket, what="MLflow listens")
    server = psutil.Process(sandbox.service("mlflow")["pid"])
    tree = [server, *server.children(recursive=True)]
    assert [one for process in tree for one in process.net_connections("tcp")] == []
    assert stat.S_IMODE(reached.parent.stat().st_mode) == 0o700


def test_a_deleted_workspace_takes_its_runs_along(
    sandbox: RunningSandbox, use: Use, group: str, name: str
) -> None:
    place = make_workspace(sandbox, group)
    with use("plain", place):
        mlflow.set_experiment(name)
        with mlflow.start_run():
            mlflow.log_metric("a", 1.0)
    database = sandbox.directory.mlflow / f"{workspace_id(sandbox, place)}.db"
    assert database.exists()
    answer = sandbox.arm("DELETE", f"{place.id}?forceToPurge=true", version="2025-12-01")
    assert answer.is_success, answer.text
    wait_until(lambda: not database.exists(), what="the database is gone")
    found = rest(sandbox, place, "GET", f"mlflow/experiments/get-by-name?experiment_name={name}")
    assert found.status_code == 404

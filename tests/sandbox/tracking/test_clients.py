"""MLflow's own clients do what they do against Azure ML, by both kinds of addresses."""

from __future__ import annotations

from pathlib import Path

import mlflow
import pytest
from mlflow.exceptions import MlflowException

from tests.sandbox.conftest import Place
from tests.sandbox.tracking.conftest import Use

OTHER = {"plain": "azureml", "azureml": "plain"}


def test_an_experiment_is_made_and_found(use: Use, workspace: Place, kind: str, name: str) -> None:
    with use(kind, workspace) as client:
        made = mlflow.set_experiment(name)
        assert client.get_experiment_by_name(name).experiment_id == made.experiment_id


def test_a_run_keeps_parameters_metrics_and_tags(
    use: Use, workspace: Place, kind: str, name: str
) -> None:
    with use(kind, workspace) as client:
        mlflow.set_experiment(name)
        with mlflow.start_run(run_name="first") as run:
            mlflow.log_param("alpha", 0.5)
            mlflow.log_metric("rmse", 12.0, step=1)
            mlflow.log_metrics({"rmse": 11.0, "mae": 3.0}, step=2)
            mlflow.set_tag("team", "bikes")
        found = client.get_run(run.info.run_id)
        assert found.info.status == "FINISHED"
        assert found.data.params == {"alpha": "0.5"}
        assert found.data.metrics == {"rmse": 11.0, "mae": 3.0}
        assert found.data.tags["team"] == "bikes"
        history = client.get_metric_history(run.info.run_id, "rmse")
        assert [(point.step, point.value) for point in history] == [(1, 12.0), (2, 11.0)]


def test_runs_are_searched(use: Use, workspace: Place, kind: str, name: str) -> None:
    with use(kind, workspace):
        experiment = mlflow.set_experiment(name)
        for value in (1.0, 2.0):
            with mlflow.start_run():
                mlflow.log_metric("score", value)
        found = mlflow.search_runs(
            [experiment.experiment_id], "metrics.score > 1.5", output_format="list"
        )
        assert [run.data.metrics["score"] for run in found] == [2.0]


def test_artifacts_go_up_and_come_back(
    use: Use, workspace: Place, kind: str, name: str, tmp_path: Path
) -> None:
    (tmp_path / "plot.bin").write_bytes(bytes(range(256)) * 5000)
    with use(kind, workspace) as client:
        mlflow.set_experiment(name)
        with mlflow.start_run() as run:
            mlflow.log_artifact(str(tmp_path / "plot.bin"), "figures")
            mlflow.log_text("grüße", "notes/a b.txt")
            mlflow.log_dict({"a": 1}, "facts.json")
        listed = {item.path for item in client.list_artifacts(run.info.run_id)}
        assert listed == {"figures", "notes", "facts.json"}
        below = client.list_artifacts(run.info.run_id, "notes")
        assert [item.path for item in below] == ["notes/a b.txt"]
        target = client.download_artifacts(run.info.run_id, "figures/plot.bin", str(tmp_path / "."))
        assert Path(target).read_bytes() == (tmp_path / "plot.bin").read_bytes()
        root = run.info.artifact_uri
        assert mlflow.artifacts.load_text(f"{root}/notes/a b.txt") == "grüße"


def test_both_clients_meet_on_one_run(use: Use, workspace: Place, kind: str, name: str) -> None:
    with use(kind, workspace):
        mlflow.set_experiment(name)
        with mlflow.start_run() as run:
            mlflow.log_text(kind, "first.txt")
    with use(OTHER[kind], workspace) as client:
        with mlflow.start_run(run_id=run.info.run_id):
            mlflow.log_text(OTHER[kind], "second.txt")
        listed = {item.path for item in client.list_artifacts(run.info.run_id)}
        assert listed == {"first.txt", "second.txt"}
        root = client.get_run(run.info.run_id).info.artifact_uri
        assert mlflow.artifacts.load_text(f"{root}/first.txt") == kind
    with use(kind, workspace) as client:
        root = client.get_run(run.info.run_id).info.artifact_uri
        assert mlflow.artifacts.load_text(f"{root}/second.txt") == OTHER[kind]


def test_an_artifact_that_is_not_there_is_an_error(
    use: Use, workspace: Place, kind: str, name: str, tmp_path: Path
) -> None:
    with use(kind, workspace) as client:
        mlflow.set_experiment(name)
        with mlflow.start_run() as run:
            mlflow.log_text("a", "a.txt")
        with pytest.raises(Exception, match=r"(?i)not found|no such|404|failed"):
            client.download_artifacts(run.info.run_id, "b.txt", str(tmp_path))


def test_an_unknown_run_is_an_error(use: Use, workspace: Place, kind: str) -> None:
    with use(kind, workspace) as client, pytest.raises(MlflowException, match="not found") as error:
        client.get_run("0123456789abcdef0123456789abcdef")
    assert error.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_deleting_and_restoring_a_run(use: Use, workspace: Place, kind: str, name: str) -> None:
    with use(kind, workspace) as client:
        mlflow.set_experiment(name)
        with mlflow.start_run() as run:
            pass
        client.delete_run(run.info.run_id)
        assert client.get_run(run.info.run_id).info.lifecycle_stage == "deleted"
        client.restore_run(run.info.run_id)
        assert client.get_run(run.info.run_id).info.lifecycle_stage == "active"


def test_a_logged_model_is_kept_with_its_files(
    use: Use, workspace: Place, kind: str, name: str, tmp_path: Path
) -> None:
    (tmp_path / "MLmodel").write_text("flavors: {python_function: {loader_module: x}}\n")
    with use(kind, workspace) as client:
        experiment = mlflow.set_experiment(name)
        with mlflow.start_run() as run:
            made = client.create_logged_model(
                experiment.experiment_id, name=name, source_run_id=run.info.run_id
            )
            client.log_model_artifacts(made.model_id, str(tmp_path))
            client.finalize_logged_model(made.model_id, "READY")
        found = client.search_logged_models([experiment.experiment_id])
        assert [item.model_id for item in found] == [made.model_id]
        client.create_registered_model(name)
        version = client.create_model_version(
            name, f"models:/{made.model_id}", run.info.run_id, model_id=made.model_id
        )
        assert str(version.version) == "1"
    with use(OTHER[kind], workspace):
        down = mlflow.artifacts.download_artifacts(
            f"models:/{name}/1", dst_path=str(tmp_path / "down")
        )
    assert (Path(down) / "MLmodel").read_text().startswith("flavors")

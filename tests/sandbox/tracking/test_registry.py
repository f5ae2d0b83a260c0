"""Models registered by MLflow are Azure ML's, and the other way round."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import pytest
import yaml
from azure.ai.ml.constants import AssetTypes
from azure.ai.ml.entities import Model
from mlflow.exceptions import MlflowException

from tests.sandbox.conftest import Place, RunningSandbox
from tests.sandbox.tracking.conftest import Use

MLMODEL = {
    "artifact_path": "model",
    "flavors": {"python_function": {"loader_module": "mlflow.sklearn", "python_version": "3.11"}},
    "model_uuid": "0123",
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder that looks like an MLflow model."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "MLmodel").write_text(yaml.safe_dump(MLMODEL))
    (folder / "model.pkl").write_bytes(b"weights")
    return folder


def test_a_model_of_a_run_is_an_azure_model(
    use: Use, workspace: Place, ml: Any, kind: str, name: str, files: Path, tmp_path: Path
) -> None:
    with use(kind, workspace) as client:
        mlflow.set_experiment(name)
        with mlflow.start_run() as run:
            mlflow.log_artifacts(str(files), "model")
        client.create_registered_model(name, tags={"task": "regression"})
        source = f"{run.info.artifact_uri}/model"
        version = client.create_model_version(name, source, run.info.run_id)
        assert (str(version.version), version.status) == ("1", "READY")
    model = ml.models.get(name, "1")
    assert model.type == AssetTypes.MLFLOW_MODEL
    assert model.job_name == run.info.run_id
    assert "python_function" in model.flavors
    assert model.path.endswith(f"/ExperimentRun/dcid.{run.info.run_id}/model")
    ml.models.download(name, "1", download_path=str(tmp_path / "down"))
    assert [path.read_bytes() for path in (tmp_path / "down").rglob("model.pkl")] == [b"weights"]


def test_an_azure_model_is_a_registered_model(
    use: Use, workspace: Place, ml: Any, kind: str, name: str, files: Path, tmp_path: Path
) -> None:
    for expected in ("1", "2"):
        made = ml.models.create_or_update(
            Model(name=name, path=str(files), type=AssetTypes.MLFLOW_MODEL, tags={"a": "b"})
        )
        assert made.version == expected
    with use(kind, workspace) as client:
        registered = client.get_registered_model(name)
        assert registered.name == name
        found = client.search_model_versions(f"name = '{name}'")
        assert {str(item.version) for item in found} == {"1", "2"}
        assert client.get_model_version(name, "1").tags == {"a": "b"}
        down = mlflow.artifacts.download_artifacts(
            f"models:/{name}/1", dst_path=str(tmp_path / "down")
        )
        assert (Path(down) / "model.pkl").read_bytes() == b"weights"


def test_aliases_stages_and_tags(use: Use, workspace: Place, kind: str, name: str) -> None:
    with use(kind, workspace) as client:
        mlflow.set_experiment(name)
        with mlflow.start_run() as run:
            mlflow.log_text("x", "model/x.txt")
        client.create_registered_model(name)
        for _ in range(2):
            client.create_model_version(name, f"{run.info.artifact_uri}/model", run.info.run_id)
        client.set_registered_model_alias(name, "champion", "1")
        assert str(client.get_model_version_by_alias(name, "champion").version) == "1"
        client.delete_registered_model_alias(name, "champion")
        with pytest.raises(MlflowException, match="champion"):
            client.get_model_version_by_alias(name, "champion")
        client.set_model_version_tag(name, "2", "gate", "passed")
        found = client.search_model_versions(f"name='{name}' and tags.gate = 'passed'")
        assert [str(item.version) for item in found] == ["2"]
        client.transition_model_version_stage(name, "1", "Production")
        client.transition_model_version_stage(
            name, "2", "Production", archive_existing_versions=True
        )
        assert client.get_model_version(name, "1").current_stage == "Archived"
        assert client.get_model_version(name, "2").current_stage == "Production"


def test_what_is_deleted_by_mlflow_is_gone_from_azure(
    use: Use, workspace: Place, sandbox: RunningSandbox, kind: str, name: str
) -> None:
    with use(kind, workspace) as client:
        mlflow.set_experiment(name)
        with mlflow.start_run() as run:
            mlflow.log_text("x", "model/x.txt")
        client.create_registered_model(name)
        client.create_model_version(name, f"{run.info.artifact_uri}/model", run.info.run_id)
        client.delete_model_version(name, "1")
        with pytest.raises(MlflowException, match="not found"):
            client.get_model_version(name, "1")
        client.delete_registered_model(name)
        with pytest.raises(MlflowException, match="not found"):
            client.get_registered_model(name)
    path = f"{workspace.id}/models/{name}"
    assert sandbox.arm("GET", path, version="2024-10-01").status_code == 404


def test_a_model_is_registered_once(use: Use, workspace: Place, kind: str, name: str) -> None:
    with use(kind, workspace) as client:
        client.create_registered_model(name)
        with pytest.raises(MlflowException) as error:
            client.create_registered_model(name)
    assert error.value.error_code == "RESOURCE_ALREADY_EXISTS"


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("mlflow-artifacts:/1/0123456789abcdef0123456789abcdef/artifacts/model", "RESOURCE_DOES"),
        ("mlflow-artifacts:/1/../../artifacts/model", "INVALID_PARAMETER_VALUE"),
        ("azureml://datastores/absent/paths/model", "INVALID_PARAMETER_VALUE"),
        ("s3://bucket/model", "INVALID_PARAMETER_VALUE"),
    ],
)
def test_a_source_that_points_to_nothing_is_refused(
    use: Use, workspace: Place, name: str, source: str, code: str
) -> None:
    with use("plain", workspace) as client:
        client.create_registered_model(name)
        with pytest.raises(MlflowException) as error:
            client.create_model_version(name, source)
        assert error.value.error_code.startswith(code)
        assert client.search_model_versions(f"name='{name}'") == []


def test_a_logged_model_is_registered_by_its_runs_address(
    use: Use, workspace: Place, ml: Any, kind: str, name: str, files: Path
) -> None:
    with use(kind, workspace) as client:
        experiment = mlflow.set_experiment(name)
        with mlflow.start_run() as run:
            logged = client.create_logged_model(
                experiment.experiment_id, name="model", source_run_id=run.info.run_id
            )
            client.log_model_artifacts(logged.model_id, str(files))
            client.finalize_logged_model(logged.model_id, "READY")
        for expected in ("1", "2"):
            made = mlflow.register_model(f"runs:/{run.info.run_id}/model", name)
            assert (str(made.version), made.run_id) == (expected, run.info.run_id)
    model = ml.models.get(name, label="latest")
    assert (model.version, model.type) == ("2", AssetTypes.MLFLOW_MODEL)
    assert model.job_name == run.info.run_id


def test_azures_client_takes_a_runs_address(
    use: Use, workspace: Place, ml: Any, name: str, files: Path
) -> None:
    with use("plain", workspace):
        mlflow.set_experiment(name)
        with mlflow.start_run() as run:
            mlflow.log_artifacts(str(files), "model")
        first = mlflow.register_model(f"runs:/{run.info.run_id}/model", name)
    address = f"runs:/{run.info.run_id}/model"
    second = ml.models.create_or_update(
        Model(name=name, path=address, type=AssetTypes.MLFLOW_MODEL)
    )
    assert (str(first.version), second.version) == ("1", "2")
    assert second.path == ml.models.get(name, "1").path
    assert "python_function" in second.flavors
    assert second.job_name == run.info.run_id

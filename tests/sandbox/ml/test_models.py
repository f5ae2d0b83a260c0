"""Models as Azure ML assets: their files, flavors and lineage."""

from __future__ import annotations

import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from azure.ai.ml.constants import AssetTypes
from azure.ai.ml.entities import Model

from sandbox.arm.errors import ArmError
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource
from sandbox.ml.models import DEPLOYMENTS, flavors, refuse_in_use
from tests.sandbox.conftest import Place, RunningSandbox

MODELS = "2024-10-01"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    mlmodel = {"flavors": {"sklearn": {"pickled_model": "model.pkl", "sklearn_version": 1.5}}}
    (folder / "MLmodel").write_text(yaml.safe_dump(mlmodel))
    (folder / "model.pkl").write_bytes(uuid.uuid4().bytes)
    return folder


def test_a_model_comes_back_as_it_went(ml: Any, name: str, files: Path, tmp_path: Path) -> None:
    made = ml.models.create_or_update(
        Model(
            name=name,
            path=str(files),
            type=AssetTypes.MLFLOW_MODEL,
            description="d",
            tags={"a": "b"},
            properties={"commit": "abc"},
        )
    )
    assert (made.version, made.type) == ("1", AssetTypes.MLFLOW_MODEL)
    found = ml.models.get(name, label="latest")
    assert (found.description, found.tags, found.properties["commit"]) == ("d", {"a": "b"}, "abc")
    assert found.flavors["sklearn"]["sklearn_version"] == "1.5"
    ml.models.download(name, "1", download_path=str(tmp_path / "down"))
    copies = [path.read_bytes() for path in (tmp_path / "down").rglob("model.pkl")]
    assert copies == [(files / "model.pkl").read_bytes()]


def test_versions_count_up_and_archive(ml: Any, name: str, files: Path) -> None:
    for expected in ("1", "2"):
        made = ml.models.create_or_update(
            Model(name=name, path=str(files), type=AssetTypes.CUSTOM_MODEL)
        )
        assert made.version == expected
        assert not made.flavors
    ml.models.archive(name, version="2")
    assert [item.version for item in ml.models.list(name)] == ["1"]
    assert ml.models.get(name, label="latest").version == "1"
    ml.models.restore(name, version="2")
    found = ml.models.get(name, "2")
    found.tags = {"gate": "passed"}
    assert ml.models.create_or_update(found).tags == {"gate": "passed"}


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        ("azureml://jobs/absent/outputs/model", "job 'absent'"),
        ("runs:/absent/model", "run 'absent'"),
        ("azureml://datastores/absent/paths/x", "datastore 'absent'"),
        ("azureml://datastores/workspacefilestore/paths/x", "blob datastores"),
        ("azureml://datastores/workspaceblobstore/paths/a/../../x", ".."),
        ("nonsense", "not an address"),
    ],
)
def test_a_model_of_nothing_is_refused(
    sandbox: RunningSandbox, workspace: Place, name: str, uri: str, text: str
) -> None:
    path = f"{workspace.id}/models/{name}/versions/1"
    body = {"properties": {"modelUri": uri, "modelType": "custom_model"}}
    answer = sandbox.arm("PUT", path, body, version=MODELS)
    assert answer.status_code == 400, answer.text
    assert text in answer.json()["error"]["message"]
    assert sandbox.arm("GET", path, version=MODELS).status_code == 404


def test_the_files_of_a_registered_model_cannot_change(
    sandbox: RunningSandbox, workspace: Place, name: str
) -> None:
    path = f"{workspace.id}/models/{name}/versions/1"
    store = "azureml://datastores/workspaceblobstore/paths"
    for place, status in (("a", 201), ("a", 200), ("b", 400)):
        body = {"properties": {"modelUri": f"{store}/{place}", "modelType": "custom_model"}}
        assert sandbox.arm("PUT", path, body, version=MODELS).status_code == status
    found = sandbox.arm("GET", path, version=MODELS).json()["properties"]
    assert found["modelUri"].endswith("/datastores/workspaceblobstore/paths/a")
    assert found["flavors"] == {}


def test_a_deleted_model_is_gone(sandbox: RunningSandbox, workspace: Place, name: str) -> None:
    path = f"{workspace.id}/models/{name}"
    uri = "azureml://datastores/workspaceblobstore/paths/x"
    body = {"properties": {"modelUri": uri, "modelType": "custom_model"}}
    assert sandbox.arm("PUT", f"{path}/versions/1", body, version=MODELS).is_success
    assert sandbox.arm("DELETE", path, version=MODELS).status_code == 200
    assert sandbox.arm("GET", f"{path}/versions/1", version=MODELS).status_code == 404
    assert sandbox.arm("GET", path, version=MODELS).status_code == 404


@pytest.mark.parametrize(
    "content", [b"", b"[1", b"- a", b"flavors: 3", b"flavors: {a: 3}", b"\xff\xfe"]
)
def test_a_broken_mlmodel_file_has_no_flavors(content: bytes) -> None:
    assert flavors(content) == {}


def test_a_model_that_is_served_is_not_deleted() -> None:
    class Resources:
        def list(self, type: str) -> list[Resource]:
            assert type == DEPLOYMENTS
            return [Resource(deployment, {"properties": {"model": str(version).upper()}})]

    workspace = ResourceId.parse(
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
    )
    version = workspace.child("models", "m").child("versions", "3")
    deployment = workspace.child("onlineEndpoints", "e").child("deployments", "blue")
    azure: Any = SimpleNamespace(resources=Resources())
    with pytest.raises(ArmError, match="'m:3' is served by the deployment 'blue'") as error:
        refuse_in_use(azure, Resource(version, {}))
    assert error.value.status == 409
    refuse_in_use(azure, Resource(workspace.child("models", "m").child("versions", "4"), {}))

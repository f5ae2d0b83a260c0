"""Code, data, environments and components, by the official client and by raw requests."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml import load_component
from azure.ai.ml.constants import AssetTypes
from azure.ai.ml.entities import BuildContext, Data, Environment
from azure.ai.ml.entities._assets._artifacts.code import Code
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

from tests.sandbox.conftest import Place, RunningSandbox

DATA = "2023-04-01-preview"
CODE = "2023-04-01"
COMPONENT = """
$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json
name: {name}
version: "{version}"
type: command
command: echo hello
environment:
  image: mcr.microsoft.com/azureml/base
"""


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "days.csv"
    path.write_text(f"day,rentals\n1,{uuid.uuid4().int}\n")
    return path


def test_data_get_a_version_each_time(ml: Any, name: str, csv: Path) -> None:
    for expected in ("1", "2"):
        csv.write_text(csv.read_text() + "x\n")
        made = ml.data.create_or_update(Data(name=name, path=str(csv), type=AssetTypes.URI_FILE))
        assert made.version == expected
    assert ml.data.get(name, label="latest").version == "2"
    assert {item.version for item in ml.data.list(name)} == {"1", "2"}
    assert name in {item.name for item in ml.data.list()}
    path = ml.data.get(name, "1").path
    assert path.startswith("azureml://subscriptions/")
    assert "/datastores/workspaceblobstore/paths/LocalUpload/" in path


@pytest.mark.parametrize("kind", [AssetTypes.URI_FOLDER, AssetTypes.MLTABLE])
def test_folders_are_data_too(ml: Any, name: str, csv: Path, kind: str) -> None:
    (csv.parent / "MLTable").write_text(
        "paths:\n  - file: ./days.csv\ntransformations:\n  - read_delimited\n"
    )
    made = ml.data.create_or_update(
        Data(name=name, path=str(csv.parent), type=kind, skip_validation=True)
    )
    assert (made.type, made.version) == (kind, "1")


def test_the_path_of_registered_data_cannot_change(ml: Any, name: str, csv: Path) -> None:
    ml.data.create_or_update(Data(name=name, version="1", path=str(csv), type=AssetTypes.URI_FILE))
    same = ml.data.get(name, "1")
    same.tags = {"a": "b"}
    assert ml.data.create_or_update(same).tags == {"a": "b"}
    csv.write_text("other\n")
    with pytest.raises(Exception, match=r"cannot be updated|already linked"):
        ml.data.create_or_update(
            Data(name=name, version="1", path=str(csv), type=AssetTypes.URI_FILE)
        )


def test_archived_data_are_listed_apart(ml: Any, name: str, csv: Path) -> None:
    for version in ("1", "2"):
        ml.data.create_or_update(
            Data(name=name, version=version, path=str(csv), type=AssetTypes.URI_FILE)
        )
    ml.data.archive(name, version="2")
    assert {item.version for item in ml.data.list(name)} == {"1"}
    assert ml.data.get(name, label="latest").version == "1"
    ml.data.restore(name, version="2")
    assert {item.version for item in ml.data.list(name)} == {"1", "2"}
    ml.data.archive(name)
    assert name not in {item.name for item in ml.data.list()}
    ml.data.restore(name)
    assert name in {item.name for item in ml.data.list()}


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        ("azureml://datastores/absent/paths/x", "absent"),
        ("azureml://datastores/workspaceblobstore/paths/../../x", ".."),
        ("azureml://datastores/workspaceblobstore/paths/%2e%2e/x", ".."),
        ("azureml://jobs/absent/outputs/model", "absent"),
        ("azureml://nothing", "not an address"),
        ("", "must name a place"),
    ],
)
def test_an_address_that_points_to_nothing_is_refused(
    sandbox: RunningSandbox, workspace: Place, name: str, uri: str, text: str
) -> None:
    path = f"{workspace.id}/data/{name}/versions/1"
    body = {"properties": {"dataUri": uri, "dataType": "uri_file"}}
    answer = sandbox.arm("PUT", path, body, version=DATA)
    assert answer.status_code == 400, answer.text
    assert text in answer.json()["error"]["message"]
    assert answer.json()["error"]["target"] == "properties.dataUri"
    assert sandbox.arm("GET", path, version=DATA).status_code == 404
    assert sandbox.arm("GET", f"{workspace.id}/data/{name}", version=DATA).status_code == 404


@pytest.mark.parametrize("bad", ["-x", "x" * 300, "a b", "%2e%2e"])
def test_a_name_that_the_service_refuses(
    sandbox: RunningSandbox, workspace: Place, bad: str
) -> None:
    body = {
        "properties": {
            "dataUri": "azureml://datastores/workspaceblobstore/paths/x",
            "dataType": "uri_file",
        }
    }
    answer = sandbox.arm("PUT", f"{workspace.id}/data/{bad}/versions/1", body, version=DATA)
    assert answer.status_code == 400, answer.text
    assert "error" in answer.json()


def test_an_unknown_asset_is_a_404(ml: Any, name: str) -> None:
    for assets in (ml.data, ml.models, ml.components):
        with pytest.raises(ResourceNotFoundError):
            assets.get(name, "1")


def test_environments(ml: Any, name: str, tmp_path: Path) -> None:
    (tmp_path / "conda.yml").write_text("name: x\ndependencies:\n  - python=3.11\n")
    image = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04"
    first = ml.environments.create_or_update(
        Environment(name=name, image=image, conda_file=str(tmp_path / "conda.yml"))
    )
    assert first.version == "1"
    assert ml.environments.create_or_update(Environment(name=name, image=image)).version == "2"
    found = ml.environments.get(name, label="latest")
    assert found.version == "2"
    assert ml.environments.get(name, "1").conda_file["dependencies"] == ["python=3.11"]
    with pytest.raises(ResourceExistsError, match="cannot be changed"):
        ml.environments.create_or_update(Environment(name=name, version="2", image="other"))
    ml.environments.archive(name, version="2")
    assert ml.environments.get(name, label="latest").version == "1"


def test_an_environment_with_a_build_context(ml: Any, name: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    made = ml.environments.create_or_update(
        Environment(name=name, build=BuildContext(path=str(tmp_path)))
    )
    assert made.build.path


def test_an_environment_of_nothing_is_refused(
    sandbox: RunningSandbox, workspace: Place, name: str
) -> None:
    path = f"{workspace.id}/environments/{name}/versions/1"
    answer = sandbox.arm("PUT", path, {"properties": {}}, version=DATA)
    assert answer.status_code == 400
    assert "image" in answer.json()["error"]["message"]


def test_components(ml: Any, name: str, tmp_path: Path) -> None:
    for version in ("1", "2"):
        path = tmp_path / f"{version}.yml"
        path.write_text(COMPONENT.format(name=name, version=version))
        made = ml.components.create_or_update(load_component(str(path)))
        assert made.version == version
    assert ml.components.get(name).version == "2"
    assert name in {item.name for item in ml.components.list()}


def test_the_same_code_is_uploaded_once(
    ml: Any, sandbox: RunningSandbox, workspace: Place, tmp_path: Path
) -> None:
    (tmp_path / "train.py").write_text(f"print('{uuid.uuid4()}')\n")
    first = ml._code.create_or_update(Code(path=str(tmp_path)))
    second = ml._code.create_or_update(Code(path=str(tmp_path)))
    assert first.id == second.id
    (tmp_path / "train.py").write_text("print('other')\n")
    assert ml._code.create_or_update(Code(path=str(tmp_path))).id != first.id
    answer = sandbox.arm("GET", str(first.id), version=CODE).json()
    assert answer["properties"]["codeUri"].startswith(f"https://{workspace.storage}.blob.")


def test_a_container_says_which_version_is_next(
    sandbox: RunningSandbox, workspace: Place, name: str
) -> None:
    place = "azureml://datastores/workspaceblobstore/paths/x"
    container = f"{workspace.id}/data/{name}"
    for version in ("7", "spring", "3"):
        body = {"properties": {"dataUri": place, "dataType": "uri_file"}}
        assert sandbox.arm("PUT", f"{container}/versions/{version}", body, version=DATA).is_success
    found = sandbox.arm("GET", container, version=DATA).json()["properties"]
    assert (found["latestVersion"], found["nextVersion"]) == ("3", "8")
    query = "?$orderBy=createdtime desc&$top=1"
    newest = sandbox.arm("GET", f"{container}/versions{query}", version=DATA).json()
    assert [item["name"] for item in newest["value"]] == ["3"]
    assert sandbox.arm("DELETE", f"{container}/versions/7", version=DATA).status_code == 200
    assert sandbox.arm("GET", f"{container}/versions/7", version=DATA).status_code == 404

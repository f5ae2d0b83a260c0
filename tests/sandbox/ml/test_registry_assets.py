"""Assets in a registry, by the official client that knows its name only."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.ai.ml import MLClient
from azure.ai.ml.entities import Environment, Model
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.sandbox.conftest import RunningSandbox
from tests.sandbox.ml.test_registries import path, wanted


@pytest.fixture
def registry(sandbox: RunningSandbox, group: str) -> Iterator[MLClient]:
    """A client of a new registry, which knows nothing but its name."""
    name = f"mlr-{uuid.uuid4().hex[:8]}"
    at = path(sandbox, group, name)
    made = sandbox.arm("PUT", at, wanted(name, "eastus", "westeurope"), version="2025-12-01")
    assert made.is_success, made.text
    yield MLClient(sandbox.credential(), registry_name=name)
    sandbox.arm("DELETE", at, version="2025-12-01")


def test_a_model_goes_in_and_comes_out(registry: MLClient, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.txt").write_text("weights")
    model = Model(name="churn", version="3", path=tmp_path / "model", tags={"a": "b"})
    registry.models.create_or_update(model)
    found = registry.models.get("churn", "3")
    assert found.tags == {"a": "b"}
    assert [item.version for item in registry.models.list("churn")] == ["3"]
    registry.models.download("churn", "3", download_path=tmp_path / "out")
    (weights,) = (tmp_path / "out").rglob("weights.txt")
    assert weights.read_text() == "weights"


def test_an_environment_is_shared(registry: MLClient, tmp_path: Path) -> None:
    conda = tmp_path / "conda.yml"
    conda.write_text("dependencies: [python=3.11]")
    registry.environments.create_or_update(
        Environment(name="sklearn", version="1", image="mcr/ubuntu", conda_file=conda)
    )
    assert registry.environments.get("sklearn", "1").image == "mcr/ubuntu"
    assert "sklearn" in [item.name for item in registry.environments.list()]


def test_a_version_that_is_not_there_is_not_found(registry: MLClient) -> None:
    with pytest.raises(ResourceNotFoundError):
        registry.models.get("churn", "1")


def test_a_registry_that_is_not_there_is_not_found(sandbox: RunningSandbox) -> None:
    with pytest.raises(HttpResponseError, match="no registry 'nowhere'"):
        MLClient(sandbox.credential(), registry_name="nowhere").models.get("churn", "1")


def test_what_lies_elsewhere_is_refused(sandbox: RunningSandbox, group: str) -> None:
    name = f"mlr-{uuid.uuid4().hex[:8]}"
    at = path(sandbox, group, name)
    sandbox.arm("PUT", at, wanted(name, "eastus"), version="2025-12-01")
    body = {"properties": {"modelUri": "https://other.blob.core.windows.net/c/m"}}
    answer = sandbox.arm("PUT", f"{at}/models/m/versions/1", body, version="2025-12-01")
    assert answer.status_code == 400
    assert "does not lie in the registry" in answer.json()["error"]["message"]

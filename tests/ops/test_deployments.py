"""What a deployment is called, where a workload's files are, and which requests are sent at all."""

from __future__ import annotations

import re
import shutil
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from azure.ai.ml.entities import ManagedOnlineDeployment
from azure.ai.ml.operations import OnlineEndpointOperations
from azure.core.exceptions import ResourceNotFoundError
from hypothesis import given
from hypothesis import strategies as st

from ops.deployments import Workload, deploy, deployment_name, score, settled
from ops.failure import Failure
from ops.models import Model
from ops.platform import Platform
from ops.target import Target

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,80}", fullmatch=True)
VERSIONS = st.integers(1, 99_999)
BIKES = Workload.of("bike-rentals")


def name_of(name: str, version: int) -> str:
    return deployment_name(Model(name, str(version), "", "", "", "", {}))


@given(NAMES, VERSIONS)
def test_a_deployments_name_is_one_that_azure_takes(name: str, version: int) -> None:
    made = name_of(name, version)
    assert re.fullmatch(r"[a-z][a-z0-9-]{2,31}", made)
    assert made.endswith(f"-v{version}")


@given(NAMES, VERSIONS, VERSIONS)
def test_each_version_has_a_deployment_of_its_own(name: str, one: int, two: int) -> None:
    assert (name_of(name, one) == name_of(name, two)) is (one == two)


def test_a_workload_is_found_by_the_models_name() -> None:
    found = Workload.of("bike-rentals")
    assert all(path.is_file() for path in (found.deployment, found.gate, found.sample))


def test_an_unknown_workload_lists_the_known_and_the_way_out() -> None:
    with pytest.raises(Failure, match=r"there are: .*bike-rentals.*--workload"):
        Workload.of("nosuch")


OUTPUTS = {"endpoints": {"bikes": {"name": "bikes-dev-k3x9q2"}}}
PLATFORM = Platform(Target("sandbox", "s"), "dev", OUTPUTS)


@pytest.mark.parametrize("name", ["bikes", "bikes-dev-k3x9q2"])
def test_an_endpoint_goes_by_both_its_names(name: str) -> None:
    assert PLATFORM.endpoint(name) == "bikes-dev-k3x9q2"


def test_an_unknown_endpoint_says_where_it_would_be_declared() -> None:
    with pytest.raises(Failure, match=r"has no endpoint 'cars'; it has: bikes\.") as caught:
        PLATFORM.endpoint("cars")
    assert "stacks/Pulumi.dev.yaml" in caught.value.message
    assert "amlops up dev" in caught.value.message


@pytest.mark.parametrize(
    ("text", "message"), [(None, "There is no request file"), ("{", "is not JSON")]
)
def test_a_request_that_cannot_be_sent(tmp_path: Path, text: str | None, message: str) -> None:
    file = tmp_path / "request.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(Failure, match=message):
        score(PLATFORM, "bikes", file)


def test_a_deployment_that_was_asked_once_does_not_get_later_requests(tmp_path: Path) -> None:
    file = tmp_path / "request.json"
    file.write_text("{}")
    sent: list[dict[str, str]] = []

    def post(_address: str, json: Any, headers: dict[str, str]) -> SimpleNamespace:
        sent.append(dict(headers))
        return SimpleNamespace(status_code=200, text=lambda: "[1]")

    parts = MagicMock()  # All but the making of the headers, which is the official client's own.
    parts._requests_pipeline.post = post
    platform = Platform(Target("sandbox", "s"), "dev", OUTPUTS)
    platform.__dict__["client"] = SimpleNamespace(
        online_endpoints=SimpleNamespace(invoke=partial(OnlineEndpointOperations.invoke, parts))
    )
    score(platform, "bikes", file, "bikes-v1")
    score(platform, "bikes", file)
    assert [headers.get("azureml-model-deployment") for headers in sent] == ["bikes-v1", None]


CONDA = "name: other\ndependencies: [python=3.11]\n"


class Client:
    """An endpoint with deployments, as `MLClient` shows it."""

    def __init__(self, traffic: dict[str, int], deployments: dict[str, dict[str, str]]) -> None:
        self.traffic, self.tags = traffic, deployments
        self.online_endpoints = self.online_deployments = self

    def get(self, name: str, endpoint: str | None = None) -> SimpleNamespace:
        if endpoint is None:
            return SimpleNamespace(traffic=self.traffic, provisioning_state="Succeeded")
        if name not in self.tags:
            raise ResourceNotFoundError(name)
        return SimpleNamespace(provisioning_state="Succeeded", tags=self.tags[name])

    def list(self, _endpoint: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(name=name, tags=tags) for name, tags in self.tags.items()]

    def invoke(self, **_request: str) -> str:
        return "[1]"

    def begin_create_or_update(self, entity: Any) -> SimpleNamespace:
        if isinstance(entity, ManagedOnlineDeployment):
            assert entity.name
            assert not self.traffic.get(entity.name), "what serves is left as it is"
            self.tags[entity.name] = dict(entity.tags)
        else:
            self.traffic = entity.traffic
        return SimpleNamespace(result=lambda: None)

    def begin_delete(self, name: str, _endpoint: str) -> SimpleNamespace:
        del self.tags[name]
        return SimpleNamespace(result=lambda: None)


def deployed(client: Client, version: int, workload: Workload = BIKES) -> str:
    """The deployment that serves, after the version was deployed."""
    platform = Platform(Target("sandbox", "s"), "dev", OUTPUTS)
    platform.__dict__["client"] = client
    model = Model("bikes", str(version), "", "", "", "", {})
    done = deploy(platform, model, workload, "bikes")
    assert client.traffic == {done.deployment: 100}
    return done.deployment


def test_the_version_before_stays_to_switch_back_to() -> None:
    client = Client({}, {"by-hand": {}})
    for version in (1, 2, 3, 3):
        assert deployed(client, version) == f"bikes-v{version}"
    assert set(client.tags) == {"by-hand", "bikes-v2", "bikes-v3"}


@pytest.fixture
def workload(tmp_path: Path) -> Workload:
    """One whose files a test may change."""
    return Workload(Path(shutil.copytree(BIKES.folder, tmp_path / "bikes")))


@pytest.mark.parametrize("file", ["deployment.yml", "scoring/score.py", "../src/conda.yml"])
def test_changed_files_come_up_beside_what_serves(workload: Workload, file: str) -> None:
    client = Client({}, {})
    assert deployed(client, 1, workload) == "bikes-v1"
    changed = workload.deployment.parent / file
    before = changed.read_text()
    changed.write_text(f"{before}\n# changed\n" if file != "../src/conda.yml" else CONDA)
    second = deployed(client, 1, workload)
    assert re.fullmatch(r"bikes-v1-[0-9a-f]{6}", second)
    assert deployed(client, 1, workload) == second, "nothing has changed since"
    changed.write_text(before)
    assert deployed(client, 1, workload) == "bikes-v1", "the one before is there still"
    assert set(client.tags) == {"bikes-v1", second}


def test_what_python_has_compiled_changes_no_deployment(workload: Workload) -> None:
    client = Client({}, {})
    deployed(client, 1, workload)
    cache = workload.deployment.parent / "scoring" / "__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / "score.cpython-311.pyc").write_bytes(b"compiled")
    assert deployed(client, 1, workload) == "bikes-v1"


def test_what_another_command_left_at_work_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.deployments.PAUSE", 0.0)
    states = iter(["Creating", "Updating", "Succeeded", "unread"])
    found = settled(lambda: SimpleNamespace(provisioning_state=next(states)))
    assert found.provisioning_state == "Succeeded"
    assert next(states) == "unread"


def test_what_never_settles_is_answered_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.deployments.PATIENCE", 0.0)
    assert settled(lambda: SimpleNamespace(provisioning_state="Creating")).provisioning_state == (
        "Creating"
    )

"""What a deployment is called, where a workload's files are, and which requests are sent at all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.deployments import Workload, deployment_name, score
from ops.failure import Failure
from ops.models import Model
from ops.platform import Platform
from ops.target import Target

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,80}", fullmatch=True)
VERSIONS = st.integers(1, 99_999)


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

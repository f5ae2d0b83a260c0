"""A stack that is a registry: commands about stacks work, others say that it has no workspace.

The tests are one story in a sandbox of their own and run in order.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable

import pytest

from tests.ops.conftest import Amlops, assert_one_message, run_in
from tests.sandbox.conftest import RunningSandbox

WORK = [
    ["train", "shared", "workloads/bike-rentals/train.yml"],
    ["jobs", "list", "shared"],
    ["models", "list", "shared"],
    ["deploy", "shared", "bike-rentals"],
]


@pytest.fixture(scope="module")
def amlops(start_sandbox: Callable[..., RunningSandbox]) -> Amlops:
    call = functools.partial(run_in, start_sandbox(tracking=False))
    done = call("up", "shared")
    assert done.returncode == 0, done.stderr
    return call


def test_its_outputs_tell_what_it_is(amlops: Amlops) -> None:
    told = json.loads(amlops("outputs", "shared", "--output", "json").stdout)
    assert told["kind"] == "registry"
    assert told["assetRegistry"]["regions"] == ["eastus", "westeurope"]


@pytest.mark.parametrize("arguments", WORK, ids=lambda arguments: "-".join(arguments[:2]))
def test_it_has_no_workspace_to_work_in(amlops: Amlops, arguments: list[str]) -> None:
    done = amlops(*arguments, "--output", "json")
    assert_one_message(done)
    assert "'shared' is a registry, not an environment" in done.stderr


def test_it_is_one_environment_though_the_service_made_a_group_of_its_own(amlops: Amlops) -> None:
    found = json.loads(amlops("environments", "--output", "json").stdout)
    assert [item["group"] for item in found if item["environment"] == "shared"] == [
        "rg-bikes-shared"
    ]


def test_nothing_differs_and_it_goes(amlops: Amlops) -> None:
    assert amlops("drift", "shared").returncode == 0
    changes = json.loads(amlops("down", "shared", "--yes", "--output", "json").stdout)["changes"]
    assert set(changes) == {"delete"}

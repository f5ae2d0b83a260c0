"""What a stack would hold, told without deploying it: complete, and without secrets.

- Every resource that the program declares is in it, for every stack file there is.
- Nothing is asked of Azure, of an engine or of a login.
- What is secret or not yet known is null.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.environment import Client
from infra.inventory import inventory
from infra.settings import load
from tests.infra.mocks import CLIENT, plan

ROOT = Path(__file__).parents[2]
STACKS = sorted(path.stem.split(".", 1)[1] for path in (ROOT / "stacks").glob("Pulumi.*.yaml"))


def listed(environment: str) -> list[dict[str, Any]]:
    return inventory(environment, load(environment), Client(*_ids()))


def _ids() -> tuple[str, str]:
    return CLIENT.subscription_id, CLIENT.tenant_id


@pytest.mark.parametrize("environment", STACKS)
def test_it_is_what_the_program_declares(environment: str) -> None:
    declared = plan(load(environment), environment).resources
    found = {item["name"]: item["type"] for item in listed(environment)}
    assert found == {name: item.type for name, item in declared.items()}


def test_it_tells_names_sizes_and_counts() -> None:
    found = {item["type"].rpartition(":")[2]: item["inputs"] for item in listed("prod")}
    assert found["ResourceGroup"]["resourceGroupName"] == "rg-bikes-prod"
    assert found["StorageAccount"]["accountName"].startswith("stbikesprod")
    cluster = found["Compute"]["properties"]["properties"]
    assert (cluster["vmSize"], cluster["scaleSettings"]["maxNodeCount"]) == ("Standard_DS4_v2", 8)


def test_what_only_the_deployment_tells_is_null() -> None:
    found = [item["inputs"] for item in listed("dev") if item["type"].endswith(":RoleAssignment")]
    assert found
    assert {item["principalId"] for item in found} == {None}


def test_as_a_command_it_needs_neither_login_nor_network() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "infra.inventory", "dev", *_ids()],
        cwd=ROOT,
        env={"PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(json.loads(done.stdout)) > 10


def test_a_mistake_in_the_stack_file_is_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "infra.inventory", "nosuch", *_ids()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "no such stack" in done.stderr
    assert "Traceback" not in done.stderr

"""A stack file with twelve faults: each is told in one clear line, and nothing else is told.

By whatever a person runs: the check alone, `amlops`, plain `pulumi`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.checkout import AMLOPS, copy
from tests.sandbox.conftest import RunningSandbox

STACK = "planted"
FILE = f"stacks/Pulumi.{STACK}.yaml"
FAULTY = """\
encryptionsalt: v1:kK0p5tmVR8Y=:v1:1TvOuXOEkoJMhcQr:ZnBtTXMt6ILaCWm0PgIGIs4bNUq34A==
config:
  amlops:settings:
    workload: bikes-and-everything
    location: westeurop
    owner: data-science
    cost_centre: "4711"
    protecton: on
    network:
      mode: own
      addresses: 10.40.0.0/16
      subnets: {endpoints: 10.40.0.0/24, compute: 10.40.0.128/25}
    vault: {soft_delete_days: 6}
    datastores:
      lake: {kind: gen3}
    instances:
      workstation: {idle: 14m}
      nobodys: {}
    clusters:
      cpu-cluster: {size: Standard_DS3v2}
      gpu-cluster: {min: 3, max: 2}
      nobodys: {}
    endpoints:
      bike-rentals: {auth: password}
    access:
      scientists: {roles: [Reader]}
"""
# what each line begins with below `amlops:settings`, and what it says of what is allowed
EXPECTED = [
    ("4:5 .workload", "has 20 characters; allowed are 2 to 16"),
    ("5:5 .location", "; did you mean 'westeurope'?"),
    ("8:5 .protecton", "unknown; allowed are"),
    ("12:42 .network.subnets.compute", "10.40.0.128/25 overlaps subnets.endpoints 10.40.0.0/24"),
    ("13:13 .vault.soft_delete_days", "6 is too small; allowed is 7 or more"),
    ("15:14 .datastores.lake.kind", "'gen3'; allowed are 'blob', "),
    ("17:21 .instances.workstation.idle", "'14m': allowed is 15m to 3d, the service's bounds"),
    ("20:21 .clusters.cpu-cluster.size", "; did you mean 'Standard_DS3_v2'?"),
    ("21:29 .clusters.gpu-cluster.max", "min 3 is above max 2; allowed is min ≤ max"),
    ("22:7 .clusters.nobodys", "is an instance and a cluster; allowed is one of the two"),
    ("24:22 .endpoints.bike-rentals.auth", "'password'; allowed are 'key', 'aml_token' or"),
    ("26:7 .access.scientists.principal", "missing; give it a value"),
]


@pytest.fixture(scope="module")
def checkout() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="amlops-planted-"))
    copy(folder)
    (folder / FILE).write_text(FAULTY)
    yield folder
    shutil.rmtree(folder)


def run(checkout: Path, *command: str, **variables: str) -> str:
    """What a command that must fail prints, on both streams."""
    done = subprocess.run(
        command,
        cwd=checkout,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode not in (0, None), done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout + done.stderr


def assert_twelve_lines(text: str) -> None:
    told = re.findall(rf"{FILE}:(\d+:\d+): amlops:settings(\S*): (.*)$", text, re.MULTILINE)
    assert [f"{place} {path}" for place, path, _ in told] == [begin for begin, _ in EXPECTED], text
    for (_, _, said), (_, expected) in zip(told, EXPECTED, strict=True):
        assert expected in said
    assert text.count(FILE) == 12


def test_the_check_tells_twelve_lines_and_nothing_else(checkout: Path) -> None:
    text = run(checkout, sys.executable, "-m", "infra.settings", STACK)
    assert_twelve_lines(text)
    assert len(text.splitlines()) == 12


@pytest.mark.parametrize("command", [["up"], ["preview"], ["config", "show"]], ids=" ".join)
def test_amlops_tells_them_before_anything_is_started(checkout: Path, command: list[str]) -> None:
    nowhere = {"AMLOPS_SANDBOX_DIR": str(checkout / "none"), "AMLOPS_AZURITE": "/nowhere"}
    text = run(checkout, *AMLOPS, *command, STACK, **nowhere)
    assert_twelve_lines(text)
    assert not (checkout / "none").exists()


def test_plain_pulumi_tells_them(
    checkout: Path, start_sandbox: Callable[..., RunningSandbox]
) -> None:
    variables = start_sandbox(tracking=False).environment
    pulumi = ("pulumi", "--non-interactive", "-s", STACK)
    subprocess.run(
        [*pulumi[:2], "stack", "init", STACK],
        cwd=checkout,
        env={**os.environ, **variables},
        capture_output=True,
        check=True,
    )
    text = run(checkout, *pulumi, "preview", **variables)
    assert_twelve_lines(text.partition("Diagnostics:")[2])

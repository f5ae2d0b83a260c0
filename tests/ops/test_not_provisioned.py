"""Commands about an environment that is not there, in a sandbox that runs: each says how to get it.

Also: looking for it leaves nothing behind, neither a stack nor a file in the checkout.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.ops.conftest import ROOT, Amlops, assert_one_message

TRAIN = "workloads/bike-rentals/train.yml"
SAMPLE = "workloads/bike-rentals/sample-request.json"
COMMANDS = [
    ["outputs", "dev"],
    ["refresh", "dev"],
    ["down", "dev", "--yes"],
    ["teardown", "dev", "--yes-delete", "rg-bikes-dev"],
    ["train", "dev", TRAIN],
    ["jobs", "list", "dev"],
    ["jobs", "show", "dev", "some-job"],
    ["jobs", "logs", "dev", "some-job"],
    ["jobs", "cancel", "dev", "some-job"],
    ["models", "list", "dev"],
    ["models", "show", "dev", "bike-rentals"],
    ["models", "register", "dev", "bike-rentals", "--job", "some-job"],
    ["deploy", "dev", "bike-rentals"],
    ["score", "dev", "bike-rentals", "--data", SAMPLE],
    ["promote", "bike-rentals", "--from", "dev", "--to", "test"],
]


def git_status() -> str:
    command = ["git", "status", "--porcelain", "stacks", "Pulumi.yaml", "workloads"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: "-".join(arguments[:2]))
def test_it_says_how_to_provision(running: Amlops, arguments: list[str]) -> None:
    before = git_status()
    done = running(*arguments, "--output", "json")
    assert_one_message(done)
    assert "'dev' is not provisioned here. Provision it with: amlops up dev" in done.stderr
    assert git_status() == before


def test_one_that_no_stack_file_is_for_cannot_be_provisioned(running: Amlops) -> None:
    done = running("outputs", "nosuch")
    assert_one_message(done)
    assert "There is no stack 'nosuch'. There are: dev," in done.stderr
    gone = running("expire", "nosuch", "--now")
    assert (gone.returncode, "there is no 'nosuch' any more" in gone.stderr) == (0, True)


def test_no_data_are_made_for_a_job_that_has_nowhere_to_run(
    running: Amlops, tmp_path: Path
) -> None:
    job = {"command": "true", "inputs": {"days": {"type": "uri_file", "path": "days.csv"}}}
    (tmp_path / "train.yml").write_text(json.dumps(job))
    (tmp_path / "data.py").write_text("open('days.csv', 'w')")
    done = running("train", "dev", str(tmp_path / "train.yml"))
    assert_one_message(done)
    assert "not there yet" not in done.stderr


def test_no_stack_is_left_of_it(running: Amlops) -> None:
    running("outputs", "dev")
    listed = running("sandbox", "run", "--", "pulumi", "stack", "ls", "--json")
    assert json.loads(listed.stdout) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "dev", "nosuch.yml"], "There is no job file 'nosuch.yml'"),
        (["train", "dev", TRAIN, "--set", "inputs.max_itr=1"], "has no 'inputs.max_itr' to set"),
        (["train", "dev", TRAIN, "--set", "400"], "must look like --set"),
        (["train", "dev", "README.md"], "is not"),
    ],
)
def test_a_bad_job_is_refused_before_anything_is_looked_for(
    running: Amlops, arguments: list[str], message: str
) -> None:
    done = running(*arguments)
    assert_one_message(done)
    assert message in done.stderr


def test_a_sandboxs_status_is_one_json_document(running: Amlops) -> None:
    done = running("sandbox", "status", "--output", "json")
    assert json.loads(done.stdout)["ready"] is True

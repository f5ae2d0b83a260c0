"""A fork is set up for a workload of its own, overwrites nothing, and what it gets runs.

- Only lines that have to change do: comments, order and layout stay.
- What another workload has is left alone, and what would not be valid is refused whole.
- The copied workload goes the whole way: data, job, model, deployment, answer.
"""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ops import initialise, stacks
from ops.failure import Failure
from tests import checkout
from tests.sandbox.conftest import RunningSandbox

STACK = """\
# A line at the top.
config:
  amlops:settings:
    # What it is.
    workload: bikes    # the example
    location: eastus
    owner: data-science
    cost_centre: "4711"
    clusters:
      cpu-cluster: {size: Standard_DS3_v2, max: 2}
    endpoints:
      bike-rentals: {auth: aad_token}   # the first
  other:key: value
"""

ENDPOINT_STAYS = (
    "the example's endpoint bike-rentals stays; take it away where you serve nothing from it, in "
    "stacks/Pulumi.dev.yaml"
)


@pytest.fixture
def fork(tmp_path: Path) -> Path:
    return checkout.copy(tmp_path / "fork")


@pytest.fixture
def bare(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one stack file and the starter; nothing is checked by the program."""
    (elsewhere / "stacks" / "Pulumi.dev.yaml").write_text(STACK)
    (elsewhere / "workloads").mkdir()
    (elsewhere / "workloads" / "starter").symlink_to(checkout.ROOT / "workloads" / "starter")
    monkeypatch.setattr(initialise, "ROOT", elsewhere)
    monkeypatch.setattr(stacks, "check_settings", lambda _: None)
    return elsewhere


def stack(folder: Path) -> str:
    return (folder / "stacks" / "Pulumi.dev.yaml").read_text()


def test_only_the_lines_that_have_to_change_do(bare: Path) -> None:
    initialise.apply(initialise.plan("churn", {"owner": "growth", "cost_centre": "0815"}))
    changed = {
        old: new
        for old, new in zip(STACK.splitlines(), stack(bare).splitlines(), strict=False)
        if old != new
    }
    assert changed == {
        "    workload: bikes    # the example": "    workload: churn    # the example",
        "    owner: data-science": "    owner: growth",
        '    cost_centre: "4711"': '    cost_centre: "0815"',
        "  other:key: value": "      churn: {auth: aad_token}",
    }
    assert stack(bare).endswith("      churn: {auth: aad_token}\n  other:key: value\n")


@pytest.mark.parametrize(
    "value", ["4711", "0815", "on", "null", "1e3", "a: b", "# x", 'say "x"', "back\\slash"]
)
def test_a_value_is_read_back_as_it_was_given(bare: Path, value: str) -> None:
    import yaml

    initialise.apply(initialise.plan("churn", {"owner": value}))
    assert yaml.safe_load(stack(bare))["config"]["amlops:settings"]["owner"] == value


@pytest.mark.parametrize(
    "written",
    [
        STACK.replace("    endpoints:\n", "    endpoints:   # what serves\n"),
        STACK.replace("    endpoints:\n", "    endpoints:\n      # the first\n"),
        STACK.replace("\n", "\r\n"),
        STACK.removesuffix("  other:key: value\n").rstrip(),
    ],
    ids=["a comment behind", "a comment above", "CRLF", "no last end of line"],
)
def test_however_it_is_written_it_serves_an_endpoint(bare: Path, written: str) -> None:
    import yaml

    file = bare / "stacks" / "Pulumi.dev.yaml"
    file.write_text(written, newline="")
    initialise.apply(initialise.plan("churn", {"owner": "growth"}))
    after = file.read_bytes()
    said = yaml.safe_load(after)["config"]["amlops:settings"]
    assert said["endpoints"] == {key: {"auth": "aad_token"} for key in ("bike-rentals", "churn")}
    assert (said["workload"], said["owner"]) == ("churn", "growth")
    assert after.count(b"\r\n") == (after.count(b"\n") if "\r" in written else 0)
    assert b"# the example" in after
    assert initialise.plan("churn", {"owner": "growth"}).edits == []


def test_endpoints_on_one_line_are_left_to_a_person(bare: Path) -> None:
    file = bare / "stacks" / "Pulumi.dev.yaml"
    file.write_text(STACK.partition("    endpoints:")[0] + "    endpoints: {bike-rentals: {}}\n")
    assert initialise.plan("churn", {}).left == [
        "stacks/Pulumi.dev.yaml has 'endpoints' on one line: add 'churn: {}' there",
        ENDPOINT_STAYS,
    ]


def test_what_is_the_examples_is_left_to_a_person_and_named(bare: Path) -> None:
    budget = "    budget: {monthly: 200, emails: [us@example.com, me@ours.net]}\n"
    for name in ("dev", "test"):
        file = bare / "stacks" / f"Pulumi.{name}.yaml"
        file.write_text(STACK.replace("    endpoints:\n", f"{budget}    endpoints:\n"))
    files = "stacks/Pulumi.dev.yaml, stacks/Pulumi.test.yaml"
    assert initialise.plan("churn", {}).left == [
        f"e-mails go to us@example.com, which nobody reads; name your own address in {files}",
        ENDPOINT_STAYS.replace("stacks/Pulumi.dev.yaml", files),
    ]
    for name in ("dev", "test"):
        file = bare / "stacks" / f"Pulumi.{name}.yaml"
        file.write_text(STACK.replace("bike-rentals", "rents"))
    assert initialise.plan("churn", {}).left == []


@pytest.mark.parametrize("content", [b"", b"config: [a", b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_left(bare: Path, content: bytes) -> None:
    (bare / "stacks" / "Pulumi.qa.yaml").write_bytes(content)
    found = initialise.plan("churn", {})
    unread = "stacks/Pulumi.qa.yaml cannot be read, or names no workload"
    assert found.left == [unread, ENDPOINT_STAYS]
    assert [edit.shown for edit in found.changed] == ["stacks/Pulumi.dev.yaml"]


def test_again_changes_nothing(bare: Path) -> None:
    initialise.apply(initialise.plan("churn", {}))
    (bare / "workloads" / "churn" / "train.yml").write_text("mine")
    again = initialise.plan("churn", {})
    assert (again.edits, again.left) == ([], [ENDPOINT_STAYS, "workloads/churn is there"])
    assert (bare / "workloads" / "churn" / "train.yml").read_text() == "mine"


def test_a_copy_that_was_killed_is_begun_anew(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(_begun: Path, _folder: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            initialise.apply(initialise.plan("churn", {}))
    found = initialise.plan("churn", {})
    assert found.left == [ENDPOINT_STAYS]
    initialise.apply(found)
    made = {str(path.relative_to(bare)) for path in (bare / "workloads").glob("*churn*/*")}
    assert "workloads/churn/train.yml" in made
    assert [path.name for path in (bare / "workloads").iterdir()].count(".churn.begun") == 0


def test_the_line_of_the_settings_may_have_a_comment(bare: Path) -> None:
    file = bare / "stacks" / "Pulumi.dev.yaml"
    file.write_text(STACK.replace("amlops:settings:", "amlops:settings: # all of them"))
    initialise.apply(initialise.plan("churn", {}))
    assert "workload: churn" in stack(bare)


def test_a_stack_of_another_workload_is_left(bare: Path) -> None:
    initialise.apply(initialise.plan("churn", {}))
    with pytest.raises(Failure, match="Every stack file names another workload"):
        initialise.plan("other", {})
    assert "workload: churn" in stack(bare)


@pytest.mark.parametrize("name", ["Churn", "c", "a--b", "1st", "../x", "x" * 17, "a_b"])
def test_a_name_that_cannot_be_one(bare: Path, name: str) -> None:
    with pytest.raises(Failure, match="cannot name a workload"):
        initialise.plan(name, {})


def test_what_would_not_be_valid_is_not_written(fork: Path) -> None:
    before = stack(fork)
    done = checkout.amlops(fork, "init", "--workload", "churn", "--location", "atlantis")
    assert done.returncode == 1
    assert "atlantis" in done.stderr
    assert stack(fork) == before
    assert not (fork / "workloads" / "churn").exists()


def test_a_dry_run_shows_and_writes_nothing(fork: Path) -> None:
    before = stack(fork)
    arguments = ("init", "--workload", "churn", "--owner", "growth", "--dry-run")
    done = checkout.amlops(fork, *arguments, "--output", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["written"] is False
    assert "stacks/Pulumi.dev.yaml" in found["changed"]
    assert "workloads/churn/train.yml" in found["created"]
    assert "-    workload: bikes\n+    workload: churn\n" in found["diff"]
    assert "stacks/Pulumi.lab.yaml" not in found["changed"], "it names another workload"
    assert stack(fork) == before
    assert not (fork / "workloads" / "churn").exists()
    text = checkout.amlops(fork, *arguments).stdout
    assert "+    owner: growth" in text
    assert "new: workloads/churn/src/train.py" in text


def test_nobody_is_asked_in_a_pipeline(fork: Path) -> None:
    done = checkout.amlops(fork, "init")
    assert done.returncode == 2
    assert "Missing option '--workload'" in done.stderr


@pytest.fixture
def place(start_sandbox: Callable[..., RunningSandbox], fork: Path) -> RunningSandbox:
    return start_sandbox(root=fork)


def test_the_copied_workload_goes_the_whole_way(fork: Path, place: RunningSandbox) -> None:
    def amlops(*arguments: str) -> str:
        where = {"AMLOPS_TARGET": "sandbox", "AMLOPS_SANDBOX_DIR": str(place.directory)}
        done: checkout.Done = checkout.amlops(fork, *arguments, **where)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return done.stdout

    amlops("init", "--workload", "churn", "--owner", "growth")
    amlops("up", "dev", "--no-policies")
    job = json.loads(amlops("train", "dev", "workloads/churn/train.yml", "--output", "json"))
    assert job["experiment"] == "churn"
    assert job["metrics"]["rmse"] < 1.5 < job["metrics"]["baseline_rmse"]
    amlops("models", "register", "dev", "churn", "--job", job["name"])
    deployed = json.loads(amlops("deploy", "dev", "churn", "--output", "json"))
    answers = deployed["answer"]
    answers = answers["predictions"] if isinstance(answers, dict) else answers
    assert answers == pytest.approx([22, 29, 36], abs=1)
    # What was deployed is not the stack's, and no drift; what is there is in nobody's way.
    assert amlops("drift", "dev").strip() == "no drift"
    findings = json.loads(amlops("doctor", "dev", "--output", "json"))
    assert {item["level"] for item in findings} == {"ok"}


def test_at_a_terminal_it_asks_for_what_is_not_given(fork: Path) -> None:
    keyboard, terminal = pty.openpty()
    process = subprocess.Popen(
        [*checkout.AMLOPS, "init", "--dry-run", "--output", "json"],
        cwd=fork,
        env=checkout.environment(fork),
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(terminal)
    # Workload and owner; cost centre and location as they are.
    os.write(keyboard, b"churn\ngrowth\n\n\n")
    told, asked = process.communicate(timeout=180)
    os.close(keyboard)
    assert process.returncode == 0, asked
    assert "cost centre [4711]" in asked
    diff = json.loads(told)["diff"]
    assert "+    workload: churn" in diff
    assert "+    owner: growth" in diff
    assert "+    cost_centre" not in diff

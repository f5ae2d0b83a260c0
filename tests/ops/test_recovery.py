"""What `amlops up` knows of updates that were killed, without one being killed: see also
`tests/end_to_end/test_chain.py`, where it happens.
"""

from __future__ import annotations

import ast
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from pulumi import automation
from pulumi.automation.events import EngineEvent

from ops import cli, recovery, state_files
from ops.recovery import Creations
from ops.target import Target

ROOT = Path(__file__).parents[2]
IDS = yaml.safe_load((ROOT / "ops" / "resource_ids.yaml").read_text())
KNOWN = {
    token: row
    for file in (ROOT / "sandbox" / "provider" / "types").glob("*.yaml")
    for token, row in yaml.safe_load(file.read_text()).items()
}


def made_by_the_program() -> Iterator[str]:
    """The tokens of the resources that `infra` makes, from calls such as ``storage.Thing(…)``."""
    for file in (ROOT / "infra").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
            ):
                token = f"azure-native:{node.func.value.id}:{node.func.attr}"
                if token in KNOWN:
                    yield token


def test_whatever_the_program_makes_can_be_adopted() -> None:
    made = set(made_by_the_program())
    assert len(made) >= 12
    assert made <= set(IDS), "add these to ops/resource_ids.yaml"


@pytest.mark.parametrize("token", IDS)
def test_the_ids_are_those_of_arm(token: str) -> None:
    assert IDS[token]["id"].lstrip("/") == KNOWN[token]["path"].lstrip("/")


def failed(urn: str, operation: str = "create") -> EngineEvent:
    new = {"type": "t", "urn": urn, "id": "", "parent": "p", "provider": "q", "inputs": {"n": urn}}
    metadata = {"op": operation, "urn": urn, "type": "t", "provider": "q", "new": new}
    event = {"resOpFailedEvent": {"metadata": metadata, "status": 0, "steps": 1}}
    return EngineEvent.from_json({"sequence": 1, "timestamp": 0, **event})


def said(urn: str, message: str) -> EngineEvent:
    told = {"urn": urn, "message": message, "color": "never", "severity": "error"}
    return EngineEvent.from_json({"sequence": 1, "timestamp": 0, "diagnosticEvent": told})


def test_a_creation_without_an_answer_may_have_happened() -> None:
    creations = Creations()
    for event in (
        said("a", "PUT … got no answer"),
        failed("a"),
        said("b", "cannot create already existing resource '/subscriptions/…'"),
        failed("b"),
        failed("c", "update"),
    ):
        creations.watch(event)
    (lost,) = creations.lost()
    assert (lost["urn"], lost["parent"], lost["inputs"]) == ("a", "p", {"n": "a"})


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as Pulumi's backend makes one, with the stacks dev and test."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    stacks = tmp_path / ".pulumi" / "stacks" / "amlops"
    stacks.mkdir(parents=True)
    for name in ("dev", "test"):
        (stacks / f"{name}.json").write_text("{}")
        (stacks / f"{name}.json.attrs").write_text('{"md5": ""}')
        (tmp_path / ".pulumi" / "locks" / "organization" / "amlops" / name).mkdir(parents=True)
    return tmp_path / ".pulumi"


def lock(backend: Path, environment: str, pid: int, host: str | None = None) -> Path:
    file = backend / "locks" / "organization" / "amlops" / environment / "0815.json"
    owner = {"pid": pid, "username": "me", "hostname": host or socket.gethostname()}
    file.write_text(json.dumps(owner))
    file.with_name("0815.json.attrs").write_text("{}")
    return file


def gone() -> int:
    """The id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_the_lock_of_a_dead_owner_is_cleared(backend: Path) -> None:
    dead, other = lock(backend, "dev", gone()), lock(backend, "test", gone())
    begun = backend / "stacks" / "amlops" / "dev.json.18ea.tmp"
    begun.write_text("{")
    assert state_files.clear_locks("dev")
    assert list(dead.parent.iterdir()) == []
    assert not begun.exists()
    assert other.exists(), "another environment's is none of our business"
    assert not state_files.clear_locks("dev")


def test_the_lock_of_a_living_owner_stays(backend: Path) -> None:
    held = lock(backend, "dev", os.getpid())
    assert not state_files.clear_locks("dev")
    assert held.exists()


def test_the_lock_of_another_machine_stays(backend: Path) -> None:
    held = lock(backend, "dev", gone(), "elsewhere.example")
    assert not state_files.clear_locks("dev")
    assert held.exists()


def test_attributes_that_were_being_written_are_removed(backend: Path) -> None:
    torn = backend / "stacks" / "amlops" / "dev.json.attrs"
    torn.write_text("")
    whole = backend / "stacks" / "amlops" / "test.json.attrs"
    state_files.mend("dev")
    state_files.mend("test")
    assert not torn.exists()
    assert whole.exists()


def test_state_that_is_elsewhere_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "azblob://state")
    state_files.mend("dev")
    assert not state_files.clear_locks("dev")


HERE, OTHER = "0f0e0d0c-0b0a-4908-8706-050403020100", "1f0e0d0c-0b0a-4908-8706-050403020100"
TOLD = {"type": "pulumi:pulumi:Stack", "outputs": {"subscriptionId": OTHER}}
CUT_SHORT = {
    "type": "azure-native:resources:ResourceGroup",
    "id": f"/subscriptions/{OTHER}/resourceGroups/rg",
}
WITHOUT = {"type": "pulumi:pulumi:Stack", "outputs": {"resourceGroup": "rg"}}


class Stack:
    """Of which nothing may be asked but its state."""

    name = "test"

    def __init__(self, *resources: dict[str, Any]) -> None:
        self.resources = list(resources)

    def export_stack(self) -> automation.Deployment:
        return automation.Deployment(3, {"resources": self.resources})


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "azblob://state")
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", HERE)


@pytest.mark.usefixtures("chosen")
@pytest.mark.parametrize(
    "command",
    [["up"], ["preview"], ["refresh"], ["down", "--yes"], ["teardown", "--yes-delete", "rg"]],
    ids=lambda command: command[0],
)
@pytest.mark.parametrize("resource", [TOLD, CUT_SHORT], ids=["told", "cut short"])
def test_a_stack_of_another_subscription_is_refused_before_anything_is_planned(
    command: list[str], resource: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.stacks.check_settings", lambda _: None)
    monkeypatch.setattr("ops.stacks.open_stack", lambda *_, **__: Stack(resource))
    for module in ("infrastructure", "teardown"):
        monkeypatch.setattr(f"ops.commands.{module}.enter", lambda name: Target(name, HERE))
    done = CliRunner().invoke(cli.main, [command[0], "test", *command[1:]])
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"'test' stands in subscription {OTHER}, but {HERE} is chosen" in done.stderr
    assert f"AZURE_SUBSCRIPTION_ID={OTHER} before the command" in done.stderr


@pytest.mark.usefixtures("chosen")
@pytest.mark.parametrize(
    "resources",
    [
        [],
        [WITHOUT],
        [{**TOLD, "outputs": {"subscriptionId": HERE.upper()}}],
        [{**TOLD, "outputs": {"subscriptionId": HERE}}, CUT_SHORT],
    ],
)
def test_a_stack_that_stands_here_or_does_not_say_where_goes_on(
    resources: list[dict[str, Any]],
) -> None:
    stack: Any = Stack(*resources)
    recovery.recover(stack)

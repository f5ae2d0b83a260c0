"""What watches over an environment, in the real engine against a real sandbox:

- A second `up` changes nothing and `refresh` finds no drift, for all of it.
- A budget stays as it was made when months go by; another amount is an update.
- A model that is registered reaches the queue that the program made, by the topic's own identity.
- Switched off, it is all gone and the environment stays.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.conftest import RunningSandbox, wait_until

ROOT = Path(__file__).parents[2]
STACK_FILE = ROOT / "stacks" / "Pulumi.test.yaml"
BUDGET = "budget: {monthly: 200, emails: [data-science@example.com]}"
WATCHED = """budget: {monthly: 300}
    alerts: {emails: [me@example.com], webhook: "https://example.com/hook"}
    events:
      all: {queue: ml-events}
      models: {types: [ModelRegistered], webhook: "https://example.com/models"}
    batch_endpoints:
      nightly: {}
    registry: {create: now}"""


@dataclass
class Stack:
    """The stack `test` in a sandbox, out of a file of the test's own."""

    sandbox: RunningSandbox
    file: Path

    def write(self, watched: str) -> None:
        text = STACK_FILE.read_text()
        assert BUDGET in text
        self.file.write_text(text.replace(BUDGET, watched))

    def run(self, command: str, *arguments: str) -> str:
        """A command that must succeed; what it printed."""
        result = subprocess.run(
            ["pulumi", command, "-s", "test", *arguments, "--non-interactive"],
            cwd=ROOT,
            env={**os.environ, **self.sandbox.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def up(self, *arguments: str) -> str:
        return self.run("up", "--yes", "--skip-preview", f"--config-file={self.file}", *arguments)

    def outputs(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("stack", "output", "--json"))
        return found

    def budget(self) -> dict[str, Any]:
        outputs = self.outputs()
        group = (
            f"/subscriptions/{outputs['subscriptionId']}/resourceGroups/{outputs['resourceGroup']}"
        )
        path = f"{group}/providers/Microsoft.Consumption/budgets/monthly-bikes-dev"
        found = self.sandbox.arm("GET", path, version="2024-08-01").json()
        properties: dict[str, Any] = found["properties"]
        return properties


@pytest.fixture(scope="module")
def stack(
    start_sandbox: Callable[..., RunningSandbox], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    file = tmp_path_factory.mktemp("watched") / "Pulumi.test.yaml"
    stack = Stack(start_sandbox(), file)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in stack.sandbox.environment.items():
            patch.setenv(name, value)
        subprocess.run(["pulumi", "stack", "init", "test"], cwd=ROOT, check=True)
        stack.write(WATCHED)
        stack.up()
        yield stack


def no_drift(stack: Stack) -> None:
    stack.run("refresh", "--preview-only", "--expect-no-changes")


def test_a_second_up_changes_nothing(stack: Stack) -> None:
    stack.up("--expect-no-changes")
    no_drift(stack)
    stack.run("refresh", "--yes", "--skip-preview")
    stack.up("--expect-no-changes")


def test_a_registered_model_reaches_the_queue(stack: Stack, tmp_path: Path) -> None:
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import Model
    from azure.storage.queue import QueueClient

    outputs, credential = stack.outputs(), stack.sandbox.credential()
    assert outputs["queues"] == ["ml-events"]
    (tmp_path / "model.txt").write_text("weights")
    MLClient(
        credential,
        outputs["subscriptionId"],
        outputs["resourceGroup"],
        outputs["workspace"]["name"],
    ).models.create_or_update(Model(name="churn", path=tmp_path / "model.txt"))
    queue = QueueClient(
        f"https://{outputs['storageAccount']}.queue.core.windows.net", "ml-events", credential
    )

    def arrived() -> list[dict[str, Any]]:
        return [json.loads(base64.b64decode(m.content)) for m in queue.receive_messages()]

    (event,) = wait_until(arrived, 30, "the event")
    assert event["type"] == "Microsoft.MachineLearningServices.ModelRegistered"
    assert event["subject"] == "models/churn:1"
    assert event["source"] == outputs["workspace"]["id"]


def test_another_amount_is_an_update_and_the_start_stays(stack: Stack) -> None:
    start = stack.budget()["timePeriod"]["startDate"]
    stack.sandbox.advance(timedelta(days=40))
    stack.up("--expect-no-changes")
    stack.write(WATCHED.replace("300", "400"))
    assert "1 updated" in stack.up()
    budget = stack.budget()
    assert budget["amount"] == 400
    assert budget["timePeriod"]["startDate"] == start


def test_switched_off_it_is_gone(stack: Stack) -> None:
    stack.write("diagnostics: off")
    stack.up()
    outputs = stack.outputs()
    assert "actionGroup" not in outputs
    group = f"/subscriptions/{outputs['subscriptionId']}/resourceGroups/{outputs['resourceGroup']}"
    there = stack.sandbox.arm("GET", f"{group}/resources", version="2025-04-01").json()["value"]
    kinds = {item["type"] for item in there}
    assert "Microsoft.MachineLearningServices/workspaces" in kinds
    assert not {kind for kind in kinds if "EventGrid" in kind or "lert" in kind}
    no_drift(stack)

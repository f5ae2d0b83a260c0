"""What watches over an environment, in the real engine against a real sandbox:

- A second `up` changes nothing and `refresh` finds no drift, for all of it.
- A budget stays as it was made when months go by; another amount is an update.
- A model that is registered reaches the queue that the program made, by the topic's own identity.
- Switched off, it is all gone and the environment stays.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import ROOT
from tests.infra.engine import Stack
from tests.sandbox.conftest import RunningSandbox, wait_until

TEST = ROOT / "stacks" / "Pulumi.test.yaml"
BUDGET = "budget: {monthly: 200, emails: [data-science@example.com]}"
WATCHED = """budget: {monthly: 300}
    alerts: {emails: [me@example.com], webhook: "https://example.com/hook"}
    events:
      all: {queue: ml-events}
      models: {types: [ModelRegistered], webhook: "https://example.com/models"}
    batch_endpoints:
      nightly: {}
    registry: {create: now}"""


def write(stack: Stack, watched: str) -> None:
    text = TEST.read_text()
    assert BUDGET in text
    assert stack.file
    stack.file.write_text(text.replace(BUDGET, watched))


def budget(stack: Stack) -> dict[str, Any]:
    outputs = stack.outputs()
    group = f"/subscriptions/{outputs['subscriptionId']}/resourceGroups/{outputs['resourceGroup']}"
    path = f"{group}/providers/Microsoft.Consumption/budgets/monthly-bikes-test"
    properties: dict[str, Any] = stack.arm("GET", path, version="2024-08-01")["properties"]
    return properties


@pytest.fixture(scope="module")
def stack(
    start_sandbox: Callable[..., RunningSandbox], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    file = tmp_path_factory.mktemp("watched") / "Pulumi.test.yaml"
    stack = Stack(start_sandbox(tracking=False), file, "test")
    with pytest.MonkeyPatch.context() as patch:
        stack.sandbox.lead(patch)
        stack.init()
        write(stack, WATCHED)
        stack.up()
        yield stack


def test_a_second_up_changes_nothing(stack: Stack) -> None:
    stack.up("--expect-no-changes")
    stack.no_drift()
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

    (event,) = wait_until(arrived, what="the event")
    assert event["type"] == "Microsoft.MachineLearningServices.ModelRegistered"
    assert event["subject"] == "models/churn:1"
    assert event["source"] == outputs["workspace"]["id"]


def test_another_amount_is_an_update_and_the_start_stays(stack: Stack) -> None:
    start = budget(stack)["timePeriod"]["startDate"]
    stack.sandbox.advance(timedelta(days=40))
    stack.up("--expect-no-changes")
    write(stack, WATCHED.replace("300", "400"))
    assert "1 updated" in stack.up()
    changed = budget(stack)
    assert changed["amount"] == 400
    assert changed["timePeriod"]["startDate"] == start


def test_switched_off_it_is_gone(stack: Stack) -> None:
    write(stack, "diagnostics: off")
    stack.up()
    outputs = stack.outputs()
    assert "actionGroup" not in outputs
    group = f"/subscriptions/{outputs['subscriptionId']}/resourceGroups/{outputs['resourceGroup']}"
    there = stack.arm("GET", f"{group}/resources", version="2025-04-01")["value"]
    kinds = {item["type"] for item in there}
    assert "Microsoft.MachineLearningServices/workspaces" in kinds
    assert not {kind for kind in kinds if "EventGrid" in kind or "lert" in kind}
    stack.no_drift()

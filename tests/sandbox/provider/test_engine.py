"""The real Pulumi engine, the plugin and the sandbox's ARM together: the life of a stack."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.conftest import RunningSandbox

PROGRAM = Path(__file__).with_name("program")
SECONDS = 600


@dataclass
class Stack:
    """One stack in a backend of its own."""

    folder: Path
    environment: dict[str, str]

    def pulumi(self, *arguments: str, fails: bool = False) -> str:
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def changes(self, *arguments: str) -> list[tuple[str, str]]:
        """The steps of a preview that change something: what is done, to which resource."""
        plan = json.loads(self.pulumi("preview", "--json", *arguments).partition("\nwarn")[0])
        return [
            (step["op"], step["urn"].rpartition("::")[2])
            for step in plan["steps"]
            if step["op"] not in ("same", "read")
        ]

    def outputs(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            self.pulumi("stack", "output", "--json", "--show-secrets")
        )
        return found


@pytest.fixture
def stack(sandbox: RunningSandbox, tmp_path: Path) -> Iterator[Stack]:
    folder = tmp_path / "program"
    shutil.copytree(PROGRAM, folder)
    backend = tmp_path / "backend"
    backend.mkdir()
    environment = {
        **os.environ,
        **sandbox.environment,
        "PULUMI_BACKEND_URL": f"file://{backend}",
        "PULUMI_HOME": str(tmp_path / "home"),
    }
    environment.pop("AMLOPS_PROVIDER", None)
    found = Stack(folder, environment)
    found.pulumi("stack", "init", "dev")
    yield found
    found.pulumi("destroy", "--yes", "--skip-preview")
    left = json.loads(found.pulumi("stack", "export"))["deployment"].get("resources", [])
    assert [item for item in left if item["type"].startswith("azure-native")] == []


def test_a_stack_comes_up_changes_drifts_and_goes(stack: Stack, sandbox: RunningSandbox) -> None:
    stack.pulumi("up", "--yes", "--skip-preview")
    outputs = stack.outputs()
    state = stack.pulumi("stack", "export")
    assert outputs["key"] not in state, "a key is kept encrypted"

    stack.pulumi("up", "--yes", "--expect-no-changes")
    stack.pulumi("refresh", "--yes", "--expect-no-changes")
    assert stack.changes() == []

    assert stack.changes("-c", "plugin-test:nodes=4") == [("update", "cpu")]
    shown = stack.pulumi("preview", "--diff", "-c", "plugin-test:nodes=4")
    assert "maxNodeCount: 2 => 4" in shown
    stack.pulumi("up", "--yes", "--skip-preview", "-c", "plugin-test:nodes=4")
    cluster = sandbox.arm("GET", outputs["cluster"], version="2025-12-01").json()
    assert cluster["properties"]["properties"]["scaleSettings"]["maxNodeCount"] == 4

    gone = sandbox.arm("DELETE", outputs["container"], version="2024-01-01")
    assert gone.status_code in (200, 204)
    stack.pulumi("refresh", "--yes")
    assert stack.changes() == [("create", "data")]
    stack.pulumi("up", "--yes", "--skip-preview")
    assert stack.outputs()["container"] == outputs["container"]

    # What exists but is not in the state is refused with the way to adopt it, and adopted by it.
    urns = json.loads(stack.pulumi("stack", "export"))["deployment"]["resources"]
    container = next(item["urn"] for item in urns if item["urn"].endswith("::data"))
    stack.pulumi("state", "delete", container, "--yes")
    refused = stack.pulumi("up", "--yes", "--skip-preview", fails=True)
    assert "cannot create already existing resource" in refused
    kind = "azure-native:storage:BlobContainer"
    assert f"pulumi import {kind} data {outputs['container']}" in refused
    stack.pulumi(
        "import", "--yes", "--generate-code=false", "--protect=false", kind, "data",
        outputs["container"],
    )  # fmt: skip
    assert stack.changes() == []

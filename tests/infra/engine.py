"""A stack of the program in the real engine, by plain `pulumi` commands, against a real sandbox."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.checkout import ROOT
from tests.sandbox.conftest import RunningSandbox

STACK_FILE = ROOT / "stacks" / "Pulumi.dev.yaml"
ML = "2025-12-01"


def stack_file(settings: Mapping[str, Any]) -> str:
    """The text of a stack file with these settings and the salt of `dev`."""
    salt = yaml.safe_load(STACK_FILE.read_text())["encryptionsalt"]
    content = {"encryptionsalt": salt, "config": {"amlops:settings": dict(settings)}}
    return yaml.safe_dump(content)


@dataclass
class Stack:
    """A stack in a sandbox, by a file of the test's own or else the one in `stacks`."""

    sandbox: RunningSandbox
    file: Path | None = None
    name: str = "dev"

    def pulumi(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """A command about the stack, which may fail."""
        # What is below `pulumi stack` reads no settings.
        mine = self.file and arguments[0] != "stack"
        return subprocess.run(
            [
                *("pulumi", *arguments, "--stack", self.name, "--non-interactive"),
                *([f"--config-file={self.file}"] if mine else []),
            ],
            cwd=ROOT,
            env={**os.environ, **self.sandbox.environment, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, *arguments: str) -> str:
        """A command that must succeed; what it printed."""
        done = self.pulumi(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refused(self, *arguments: str, **variables: str) -> str:
        """A command that must fail, without a traceback; what it printed."""
        done = self.pulumi(*arguments, **variables)
        told = done.stdout + done.stderr
        assert done.returncode != 0, told
        assert "Traceback" not in told
        return told

    def init(self) -> None:
        self.run("stack", "init")

    def up(self, *arguments: str) -> str:
        return self.run("up", "--yes", "--skip-preview", *arguments)

    def destroy(self) -> None:
        self.run("destroy", "--yes", "--skip-preview")

    def no_drift(self) -> None:
        self.run("refresh", "--preview-only", "--expect-no-changes", "--diff")

    def outputs(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("stack", "output", "--json"))
        return found

    def arm(self, method: str, path: str, body: Any = None, version: str = ML) -> Any:
        """What ARM answers to a request that must succeed."""
        answer = self.sandbox.arm(method, path, body, version=version)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

"""Runs the steps of a job as an agent does: in a fresh checkout, in bash, with their variables.

The agents' variables (proxy, certificates, PATH) lead to a sandbox; what logs in is the pipeline's
own token, never the sandbox's secret.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests import checkout

PATIENCE = 600.0
"""Seconds after which a step hangs."""
SECRETS = ("AZURE_CLIENT_SECRET", "ARM_CLIENT_SECRET", "PULUMI_CONFIG_PASSPHRASE")
KEPT = ("HOME", "LANG", "TMPDIR")
COMMAND = re.compile(r"^##vso\[task\.(?P<what>\w+)(?P<rest>[^\]]*)\](?P<value>.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Done:
    """A step that ran."""

    name: str
    code: int
    output: str

    def __str__(self) -> str:
        return f"{self.name} -> {self.code}\n{self.output}"


@dataclass
class Machine:
    """One agent, for one job. `variables` are those that every step has."""

    folder: Path
    variables: Mapping[str, str]
    done: list[Done] = field(default_factory=list)

    def __post_init__(self) -> None:
        checkout.copy(self.folder / "checkout")
        self.git("init", "--quiet")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "the commit that is built")

    @property
    def root(self) -> Path:
        return self.folder / "checkout"

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=a pipeline", "-c", "user.email=pipeline@example.com")
        command = ["git", *who, *arguments]
        return subprocess.run(
            command, cwd=self.root, check=True, capture_output=True, text=True
        ).stdout

    def run(self, name: str, script: str, shell: list[str], variables: Mapping[str, str]) -> Done:
        """One step, in the shell with the options that the service starts it with."""
        file = self.folder / "step.sh"
        file.write_text(script)
        environment = {key: os.environ[key] for key in KEPT if key in os.environ}
        environment |= {**self.variables, **variables}
        bin_folder = str(self.root / ".venv" / "bin")
        environment["PATH"] = os.pathsep.join([bin_folder, environment["PATH"]])
        # The packages are linked, not installed: they would run the code of the tests' checkout.
        environment["PYTHONPATH"] = str(self.root)
        ended = subprocess.run(
            [*shell, str(file)],
            cwd=self.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        done = Done(name, ended.returncode, ended.stdout)
        self.done.append(done)
        return done


def variables_of(environment: Mapping[str, str]) -> dict[str, str]:
    """Out of a sandbox's environment what leads to it, and nothing to log in with."""
    found = dict(environment)
    for name in SECRETS:
        assert found.pop(name), f"{name} is what the sandbox's own clients log in with"
    for name in list(found):
        if name.startswith(("AZURE_", "ARM_", "AMLOPS_TARGET", "PULUMI_BACKEND_URL")):
            del found[name]
    return found

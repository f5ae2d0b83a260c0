"""Runs the real `amlops` command as a person does: another process, in a sandbox of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import ssl
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from sandbox.directory import Directory
from sandbox.environment import client_environment
from sandbox.supervisor import launch, processes
from tests.sandbox.conftest import wait_until

ROOT = Path(__file__).parents[2]
AMLOPS = ROOT / ".venv" / "bin" / "amlops"
PATIENCE = 600.0
"""Seconds after which a command hangs, even on a busy machine."""


@dataclass(frozen=True)
class Ended:
    """A command that came to its end. `told` is what it wrote for people, on standard error."""

    arguments: tuple[str, ...]
    code: int
    output: str
    told: str

    def __str__(self) -> str:
        return f"amlops {' '.join(self.arguments)} -> {self.code}\n{self.told}\n{self.output}"

    def data(self) -> Any:
        """The result of a command that was asked for JSON, and succeeded."""
        assert self.code == 0, str(self)
        return json.loads(self.output)

    def refusal(self) -> str:
        """The one message of a command that failed, which must not be a traceback."""
        assert self.code not in (0, None), str(self)
        assert "Traceback" not in self.told + self.output, str(self)
        _, error, message = f"\n{self.told}".partition("\nError: ")
        assert error, str(self)
        assert "\nError: " not in message, str(self)
        return message.strip()


class Running:
    """A command at work; its lines for people can be waited for."""

    def __init__(
        self, arguments: Sequence[str], environment: dict[str, str], checkout: Path = ROOT
    ) -> None:
        self.arguments = tuple(arguments)
        self.process = subprocess.Popen(
            [str(AMLOPS), *arguments],
            cwd=checkout,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._told: list[str] = []
        self._output: list[str] = []
        self._grown = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self._output)),
            threading.Thread(target=self._read, args=(self.process.stderr, self._told)),
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: Any, lines: list[str]) -> None:
        for line in stream:
            with self._grown:
                lines.append(line)
                self._grown.notify_all()
        with self._grown:
            self._grown.notify_all()

    def wait_for_lines(self, count: int) -> None:
        """Return when it has said so many lines. Fails when it ends before."""
        until = time.monotonic() + PATIENCE
        with self._grown:
            while len(self._told) < count:
                assert self._readers[1].is_alive(), f"ended after {len(self._told)} lines: {self}"
                assert time.monotonic() < until, f"hangs after {len(self._told)} lines: {self}"
                self._grown.wait(0.5)

    def end(self) -> Ended:
        """Wait for its end, and for the end of what it left running with its output open."""
        try:
            self.process.wait(PATIENCE)
            for reader in self._readers:
                reader.join(PATIENCE)
                assert not reader.is_alive(), f"its output is still open: {self}"
        except BaseException:
            self.kill()
            raise
        told, output = "".join(self._told), "".join(self._output)
        return Ended(self.arguments, self.process.returncode, output, told)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def __str__(self) -> str:
        return f"amlops {' '.join(self.arguments)}\n{''.join(self._told)}"


class Amlops:
    """The command, and a look into the sandbox that it works in.

    It is the command of `checkout`, also where that is a copy.
    """

    def __init__(self, directory: Directory, durations: str, checkout: Path = ROOT) -> None:
        self.directory = directory
        self.checkout = checkout
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(checkout),
            "AMLOPS_SANDBOX_DIR": str(directory),
            "AMLOPS_SANDBOX_DURATIONS": durations,
            "COLUMNS": "200",
            "TERM": "dumb",
        }

    def start(self, *arguments: str) -> Running:
        return Running(arguments, self.environment, self.checkout)

    def run(self, *arguments: str) -> Ended:
        return self.start(*arguments).end()

    def ok(self, *arguments: str) -> Ended:
        ended = self.run(*arguments)
        assert ended.code == 0, str(ended)
        return ended

    def data(self, *arguments: str) -> Any:
        return self.run(*arguments, "--output", "json").data()

    @property
    def subscription(self) -> str:
        return client_environment(self.directory)["AZURE_SUBSCRIPTION_ID"]

    def arm(self, path: str, version: str, method: str = "GET", body: Any = None) -> Any:
        """One request below ``/subscriptions/ID``, by a plain client of the sandbox."""
        variables = client_environment(self.directory)
        trust = ssl.create_default_context(cafile=str(self.directory.ca_bundle))
        login = f"https://login.microsoftonline.com/{variables['AZURE_TENANT_ID']}"
        form = {
            "grant_type": "client_credentials",
            "client_id": variables["AZURE_CLIENT_ID"],
            "client_secret": variables["AZURE_CLIENT_SECRET"],
            "scope": "https://management.azure.com/.default",
        }
        with httpx.Client(proxy=variables["HTTPS_PROXY"], verify=trust, timeout=PATIENCE) as client:
            token = client.post(f"{login}/oauth2/v2.0/token", data=form).json()["access_token"]
            answer = client.request(
                method,
                f"https://management.azure.com/subscriptions/{self.subscription}/{path}",
                params={"api-version": version},
                headers={"authorization": f"Bearer {token}"},
                json=body,
            )
            answer.raise_for_status()
            return answer.json() if answer.content else None

    def service(self, name: str) -> int | None:
        """The process id of a service, ``supervisor`` for the parent of all."""
        state = launch.state(self.directory) or {}
        if name == "supervisor":
            return state.get("pid")
        found: int | None = state.get("services", {}).get(name, {}).get("pid")
        return found

    def units(self) -> dict[str, int]:
        """The processes of jobs and deployments that run now."""
        found = launch.ask(self.directory, {"operation": "units"}) or {}
        return {name: unit["pid"] for name, unit in found.items()}

    def strays(self) -> list[str]:
        """Processes that work for the sandbox or as its clients, but belong to nobody."""
        own = {os.getpid()}
        supervisor = self.service("supervisor")
        if supervisor:
            own |= {supervisor, *processes.descendants(supervisor)}
        found = processes.marked({"AMLOPS_SANDBOX_DIR": str(self.directory)})
        return [
            f"{pid} {processes.command(pid)}"
            for pid in found
            if pid not in own and processes.started(pid)
        ]

    def no_strays(self) -> None:
        wait_until(lambda: not self.strays(), what=f"strays end: {self.strays()}")

    def stop(self) -> None:
        launch.stop(self.directory)

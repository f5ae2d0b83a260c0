"""A start beside others who start, stop or look at the same sandbox."""

from __future__ import annotations

import asyncio
import fcntl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.directory import Directory
from sandbox.supervisor import launch, processes
from sandbox.supervisor.client import Supervisor, SupervisorError
from sandbox.supervisor.control import Control
from sandbox.supervisor.daemon import Daemon

STATE = {"pid": 1}


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Directory]:
    directory = Directory(tmp_path / "d")
    directory.create()
    yield directory
    directory.sockets.rmdir()


def test_only_a_supervisor_counts_as_running(directory: Directory) -> None:
    with directory.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert not launch.running(directory), "somebody who looks as we do"
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert launch.running(directory)


def test_a_supervisor_that_met_nobody_who_stays_is_launched_again(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched: list[subprocess.Popen[bytes]] = []

    def locked_out(_: Directory) -> subprocess.Popen[bytes]:
        refused = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({launch.LOCKED})"])
        launched.append(refused)
        return refused

    def ask(_: Directory, request: dict[str, Any], **_options: Any) -> Any:
        return STATE if request == {"operation": "ready"} and len(launched) == 2 else None

    monkeypatch.setattr(launch, "_launch", locked_out)
    monkeypatch.setattr(launch, "ask", ask)
    assert launch.start(directory) == STATE
    for process in launched:
        process.wait()


def test_a_sandbox_that_ends_during_a_start_is_started_again(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending = directory.lock.open("w")
    fcntl.flock(ending, fcntl.LOCK_EX)
    launched: list[subprocess.Popen[bytes]] = []

    def ask(_: Directory, request: dict[str, Any], **_options: Any) -> Any:
        if request == {"operation": "ready"} and not launched:
            ending.close()
        return STATE if launched else None

    def start(_: Directory) -> subprocess.Popen[bytes]:
        launched.append(subprocess.Popen([sys.executable, "-c", ""]))
        return launched[0]

    monkeypatch.setattr(launch, "_launch", start)
    monkeypatch.setattr(launch, "ask", ask)
    assert launch.start(directory) == STATE
    launched[0].wait()


@pytest.mark.parametrize("started", [False, True])
def test_a_stop_ends_nothing_of_a_sandbox_that_starts(
    started: bool, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = directory.lock.open("w")
    asked = []

    def kill_marked(_marks: dict[str, str]) -> int:
        asked.append("to kill")
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return 0

    if started:
        fcntl.flock(lock, fcntl.LOCK_EX)
        monkeypatch.setattr(launch, "running", lambda _: False)  # a moment ago
    monkeypatch.setattr(processes, "kill_marked", kill_marked)
    assert launch.stop(directory) is False
    lock.close()
    assert asked == ([] if started else ["to kill"])


def test_a_sandbox_that_stops_is_not_ready(directory: Directory) -> None:
    async def ready() -> None:
        daemon = Daemon(directory)
        daemon.answering.set()
        daemon.stopping.set()
        control = Control(daemon)
        await control.start(directory.control_socket)
        try:
            await Supervisor(directory).ready()
        finally:
            control.close()

    with pytest.raises(SupervisorError, match="the sandbox is stopping"):
        asyncio.run(ready())

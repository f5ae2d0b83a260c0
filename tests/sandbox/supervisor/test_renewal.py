"""A sandbox that runs older code than the checkout's is started again, where nothing is at work."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.supervisor import launch, renewal, sources
from sandbox.supervisor.client import Supervisor
from tests.sandbox.conftest import RunningSandbox

VERSION = "2025-04-01"


@pytest.fixture
def old(
    start_sandbox: Callable[..., RunningSandbox], monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunningSandbox]:
    """A running sandbox beside a checkout that has changed since."""
    started = start_sandbox()
    monkeypatch.setattr(renewal, "fingerprint", lambda: "newer")
    monkeypatch.setenv("AMLOPS_SANDBOX_DURATIONS", "real")  # So that it is as before afterwards.
    monkeypatch.delenv("AMLOPS_SANDBOX_DURATIONS")
    yield started
    launch.stop(started.directory)


def test_it_is_started_again_with_all_that_it_held(old: RunningSandbox) -> None:
    group = f"/subscriptions/{old.subscription}/resourceGroups/rg-kept"
    assert old.arm("PUT", group, {"location": "eastus"}, version=VERSION).is_success
    before = json.loads(old.directory.state.read_text())
    said: list[str] = []
    state = renewal.start(old.directory, said.append)
    assert state["pid"] != before["pid"]
    assert state["ports"] == before["ports"]
    assert said == ["The sandbox's code has changed since it was started: it is started again."]
    assert old.arm("GET", group, version=VERSION).status_code == 200
    assert os.environ["AMLOPS_SANDBOX_DURATIONS"] == "zero", "as it was started before"


def test_a_job_is_not_interrupted(old: RunningSandbox) -> None:
    directory = old.directory
    asyncio.run(
        Supervisor(directory).spawn(
            "job-long",
            [sys.executable, "-c", "import time; time.sleep(600)"],
            env={},
            cwd=directory.path,
            log=directory.path / "job.log",
        )
    )
    assert_left_alone(old, "1 job would be interrupted")
    asyncio.run(Supervisor(directory).stop("job-long", grace=0))


def test_a_client_is_not_interrupted(old: RunningSandbox) -> None:
    gateway = json.loads(old.directory.state.read_text())["ports"]["gateway"]
    with socket.create_connection(("127.0.0.1", gateway)) as client:
        client.sendall(b"CONNECT management.azure.com:443 HTTP/1.1\r\n\r\n")
        client.recv(1)
        assert_left_alone(old, "1 connection of clients would be interrupted")


def assert_left_alone(sandbox: RunningSandbox, why: str) -> None:
    said: list[str] = []
    state = renewal.start(sandbox.directory, said.append)
    assert state["pid"] == sandbox.process.pid
    (told,) = said
    assert why in told
    assert told.endswith("amlops sandbox stop")


def test_one_whose_code_is_the_checkouts_goes_on(start_sandbox: Callable[..., Any]) -> None:
    sandbox = start_sandbox()
    said: list[str] = []
    assert renewal.start(sandbox.directory, said.append)["pid"] == sandbox.process.pid
    assert said == []


def test_code_and_packages_count_and_what_python_makes_of_them_does_not(tmp_path: Path) -> None:
    room = tmp_path / sources.SOURCES / "arm"
    room.mkdir(parents=True)
    known = [sources.fingerprint(tmp_path)]

    def write(path: Path, text: str) -> bool:
        """Whether the fingerprint is a new one after that."""
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        known.append(sources.fingerprint(tmp_path))
        return known[-1] not in known[:-1]

    assert write(room / "store.py", "a = 1")
    assert write(room / "types.yaml", "a: 1")
    assert write(room / "store.py", "a = 10")
    assert write(tmp_path / sources.LOCK, "httpx==1")
    assert not write(room / "store.py", "a = 10"), "the same, written anew"
    assert not write(room / "__pycache__" / "store.pyc", "x")
    assert not write(tmp_path / "README.md", "x")

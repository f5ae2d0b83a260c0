"""Kill -9 of anything: the sandbox works again, nothing is lost, nothing is left."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sandbox.clock import Clock
from sandbox.directory import Directory
from sandbox.identity import Identity
from sandbox.login.tokens import ARM, mint
from sandbox.supervisor import launch, processes
from sandbox.supervisor.client import Supervisor
from tests.sandbox.conftest import PATIENCE, ROOT, wait_until

VERSION = "2025-04-01"


def group_path(sandbox: Any, name: str = "rg-kept") -> str:
    return f"/subscriptions/{sandbox.subscription}/resourceGroups/{name}"


def put_group(sandbox: Any) -> None:
    answer = sandbox.arm("PUT", group_path(sandbox), {"location": "eastus"}, version=VERSION)
    assert answer.is_success, answer.text


def own(sandbox: Any) -> list[int]:
    """Living processes that carry the sandbox's mark."""
    found = processes.marked({processes.SANDBOX_MARK: str(sandbox.directory)})
    return [pid for pid in found if processes.started(pid)]


@pytest.mark.parametrize("service", ["azure", "azurite", "mlflow"])
def test_a_killed_service_is_back_on_its_port(sandbox: Any, service: str) -> None:
    state = json.loads(sandbox.directory.state.read_text())
    put_group(sandbox)
    wait_until(lambda: sandbox.service(service)["pid"], what=f"{service} is up")
    sandbox.kill(service)
    assert json.loads(sandbox.directory.state.read_text())["ports"] == state["ports"]
    assert sandbox.arm("GET", group_path(sandbox), version=VERSION).status_code == 200


def test_a_client_waits_while_the_azure_process_restarts(sandbox: Any) -> None:
    """The supervisor holds the gateway's port, so nobody is refused."""
    token = sandbox.credential().get_token("https://management.azure.com/.default").token
    os.kill(sandbox.service("azure")["pid"], signal.SIGKILL)
    path = f"/subscriptions/{sandbox.subscription}/resourcegroups"
    assert sandbox.arm("GET", path, version=VERSION, token=token).status_code == 200


def test_a_killed_supervisor_leaves_nothing_that_the_next_start_does_not_end(
    start_sandbox: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = start_sandbox()
    first.lead(monkeypatch)
    put_group(first)
    child = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {!r}]); {}"
    sleep = "import time; time.sleep(600)"
    asyncio.run(
        Supervisor(first.directory).spawn(
            "job",
            [sys.executable, "-c", child.format(sleep, "time.sleep(600)")],
            env={},
            cwd=first.directory.path,
            log=first.directory.path / "job.log",
        )
    )
    wait_until(lambda: len(own(first)) >= 4, what="services, unit and its child")
    first.process.kill()
    first.process.wait()
    orphans = set(own(first))
    second = start_sandbox(directory=first.directory)
    assert not orphans & set(own(second)), "an orphan survived the next start"
    assert second.environment == first.environment, "ports, identity and secrets are kept"
    assert second.arm("GET", group_path(second), version=VERSION).status_code == 200
    second.stop()
    assert own(second) == []


def test_stopping_ends_every_process_within_seconds(start_sandbox: Callable[..., Any]) -> None:
    sandbox = start_sandbox()
    gateway = json.loads(sandbox.directory.state.read_text())["ports"]["gateway"]
    sandbox.process.terminate()
    assert sandbox.process.wait(180) == 0
    assert own(sandbox) == []
    assert launch.running(sandbox.directory) is False
    state = json.loads(sandbox.directory.state.read_text())
    assert (state["pid"], state["ready"], state["ports"]["gateway"]) == (None, False, gateway)


def test_two_sandboxes_know_nothing_of_each_other(
    sandbox: Any, start_sandbox: Callable[..., Any]
) -> None:
    other = start_sandbox()
    mine = json.loads(sandbox.directory.state.read_text())["ports"]
    its = json.loads(other.directory.state.read_text())["ports"]
    assert not set(mine.values()) & set(its.values())
    identity = Identity.open(sandbox.directory)
    foreign = mint(
        identity,
        Clock(sandbox.directory.clock),
        audience=ARM,
        principal_id=identity.principal_id,
        client_id=identity.client_id,
    )
    path = f"/subscriptions/{other.subscription}/resourcegroups"
    answer = other.arm("GET", path, version=VERSION, token=foreign)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"
    other.stop()
    assert sandbox.arm("GET", path.replace(other.subscription, sandbox.subscription),
                       version=VERSION).status_code == 200  # fmt: skip


def test_a_directory_has_one_supervisor(sandbox: Any) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "sandbox.supervisor", "--dir", str(sandbox.directory)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert second.returncode == 3
    assert second.stderr.strip() == f"another sandbox runs in {sandbox.directory}"


def test_stopping_a_sandbox_that_just_starts_ends_nobody_else(tmp_path: Path) -> None:
    """What a killed supervisor has left names a process that is another's by now."""
    directory = Directory(tmp_path)
    directory.create()
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    starting = directory.lock.open("w")
    fcntl.flock(starting, fcntl.LOCK_EX)
    try:
        left = {"pid": other.pid, "started": time.time() - 3600, "ports": {}}
        directory.state.write_text(json.dumps(left))
        with ThreadPoolExecutor() as pool:
            stopping = pool.submit(launch.stop, directory)
            with pytest.raises(TimeoutError):
                stopping.result(0.3)
            starting.close()
            assert stopping.result(PATIENCE) is True
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
        directory.sockets.rmdir()

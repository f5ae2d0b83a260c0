"""A running sandbox has read its code at its start; where the checkout is newer, it is started
again, unless something is at work in it. What it holds is on disk.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from sandbox.arm import durations
from sandbox.directory import Directory
from sandbox.supervisor import launch, services
from sandbox.supervisor.sources import fingerprint
from sandbox.tracking import server

JOBS = "job-"
"""How the names of their units begin. Deployments are started again with the sandbox."""
KEPT = (services.AZURITE, server.VARIABLE, durations.VARIABLE)
"""Variables with which somebody has started it."""
Say = Callable[[str], None]


def start(directory: Directory, say: Say) -> dict[str, Any]:
    """As `launch.start`; one that runs older code is started again. Raises `SandboxError`.

    Where something is at work in it, it goes on as it is, and `say` is told so.
    """
    state = launch.start(directory, say)
    if state.get("code") == fingerprint():
        return state
    with _alone(directory):
        state = launch.start(directory, say)  # somebody else may have done it meanwhile
        if state.get("code") == fingerprint():
            return state
        busy = at_work(directory, state)
        if busy:
            say(
                f"The sandbox runs older code than this checkout has, and goes on with it: {busy}. "
                "The first command after that starts it again, or at once: amlops sandbox stop"
            )
            return state
        say("The sandbox's code has changed since it was started: it is started again.")
        _keep_variables(int(state["pid"]))
        launch.stop(directory)
        return launch.start(directory, say)


def at_work(directory: Directory, state: dict[str, Any]) -> str:
    """What would be interrupted, in words: jobs, and clients with a connection to its gateway."""
    units = launch.ask(directory, {"operation": "units"}) or {}
    jobs = sum(name.startswith(JOBS) for name in units)
    clients = _clients(state)
    found = [f"{jobs} job{'s' * (jobs > 1)}"] * bool(jobs)
    found += [f"{clients} connection{'s' * (clients > 1)} of clients"] * bool(clients)
    return f"{' and '.join(found)} would be interrupted" if found else ""


def _clients(state: dict[str, Any]) -> int:
    try:
        azure = psutil.Process(state["services"]["azure"]["pid"])
        open_ones = azure.net_connections("tcp")
    except (psutil.Error, KeyError, ValueError):
        return 0
    gateway = state["ports"]["gateway"]
    return sum(
        one.status == psutil.CONN_ESTABLISHED and one.laddr.port == gateway for one in open_ones
    )


def _keep_variables(supervisor: int) -> None:
    try:
        theirs = psutil.Process(supervisor).environ()
    except psutil.Error:
        return
    for name in KEPT:
        if name in theirs:
            os.environ.setdefault(name, theirs[name])


@contextmanager
def _alone(directory: Directory) -> Iterator[None]:
    """Of several commands one starts it again; the others wait."""
    handle = os.open(directory.path / "renewal.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)

"""Starts and stops a sandbox from outside: what the `amlops sandbox` commands call."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sandbox.directory import Directory, checkout
from sandbox.environment import without_sandbox
from sandbox.supervisor import processes
from sandbox.supervisor.services import MissingToolError, check_tools

START_SECONDS = 180.0
STOP_SECONDS = 60.0
PAUSE = 0.02
TRIES = 3
"""So often Azure's process may end during a start; then its last words are shown."""
LOCKED = 3
"""Exit code of a supervisor: another has the directory."""
FREE_BYTES = 200 * 2**20
"""Below this a sandbox is not started: databases and logs would fail half way."""
ELSEWHERE = "Name another place: AMLOPS_SANDBOX_DIR, or --dir of 'amlops sandbox'."


class SandboxError(Exception):
    """A sandbox could not be started, stopped or asked; the text is for the user."""


def running(directory: Directory) -> bool:
    """Whether a supervisor holds the directory's lock."""
    with _free(directory) as free:
        return not free


@contextmanager
def _free(directory: Directory) -> Iterator[bool]:
    """Whether no supervisor holds the lock. Then none begins until the end of the block."""
    try:
        handle = os.open(directory.lock, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        yield True
        return
    try:
        # Shared: two who look do not meet each other.
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        free = True
    except BlockingIOError:
        free = False
    try:
        yield free
    finally:
        os.close(handle)


def start(directory: Directory, say: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Start the sandbox unless it runs, return its state when ARM answers. Raises SandboxError."""
    process = None
    end = time.monotonic() + START_SECONDS
    notice = time.monotonic() + 2
    failures = _failures(directory)
    while time.monotonic() < end:
        code = LOCKED if process is None else process.poll()
        if code == LOCKED and not running(directory):
            # Also where the one who held the lock only looked, or has come to its end since.
            _check(directory)
            process, failures = _launch(directory), 0
        elif code not in (None, LOCKED):
            raise SandboxError(f"The sandbox did not start: {_tail(directory, 'supervisor')}")
        answer: dict[str, Any] | None = ask(directory, {"operation": "ready"}, timeout=0.5)
        if answer is not None:
            return answer
        if time.monotonic() > notice:
            say("The sandbox starts; the first time it makes keys and certificates.")
            notice = end
        if _failures(directory) >= failures + TRIES:
            raise SandboxError(
                f"Azure's process of the sandbox in {directory} dies at its start: "
                f"{_tail(directory, 'azure')}"
            )
        time.sleep(PAUSE)
    raise SandboxError(
        f"The sandbox in {directory} does not answer after {START_SECONDS:.0f} seconds. "
        f"Its last word: {_tail(directory, 'azure')}"
    )


def stop(directory: Directory) -> bool:
    """Stop everything of the sandbox, orphans of a killed one too. False when nothing ran."""
    found = running(directory)
    end = time.monotonic() + STOP_SECONDS
    asked = False
    while running(directory):
        asked = asked or _ask_to_end(directory)
        if time.monotonic() > end:
            raise SandboxError(
                f"The sandbox in {directory} does not stop; see {directory.log('supervisor')}"
            )
        time.sleep(PAUSE)
    with _free(directory) as free:
        # One that somebody has started meanwhile has ended the orphans itself, and has its own.
        left = processes.kill_marked({processes.SANDBOX_MARK: str(directory)}) if free else 0
    return found or left > 0


def _ask_to_end(directory: Directory) -> bool:
    """Send TERM to the supervisor; False while the one that starts has not said who it is.

    What a killed one has left names a process that may be somebody else's by now.
    """
    told = state(directory) or {}
    pid, started = told.get("pid"), told.get("started")
    if not pid or not started or not processes.alive(pid, started):
        return False
    processes.send([pid], signal.SIGTERM)
    return True


def reset(directory: Directory) -> None:
    """Stop the sandbox and remove its directory. Raises SandboxError for a foreign directory."""
    if directory.foreign():
        raise SandboxError(f"{directory} is not a sandbox's directory; nothing was removed")
    stop(directory)
    shutil.rmtree(directory.path, ignore_errors=True)
    shutil.rmtree(directory.sockets, ignore_errors=True)
    if directory.path.exists():
        raise SandboxError(f"{directory} could not be removed completely")


def state(directory: Directory) -> dict[str, Any] | None:
    """What the supervisor last wrote; None before the first start."""
    try:
        found: dict[str, Any] = json.loads(directory.state.read_text())
    except (OSError, ValueError):
        return None
    return found


def ask(directory: Directory, request: dict[str, Any], timeout: float = 30.0) -> Any:
    """One question to the supervisor; None when it does not answer."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout)
            connection.connect(str(directory.control_socket))
            connection.sendall(json.dumps(request).encode() + b"\n")
            answer = json.loads(connection.makefile().readline() or "{}")
    except (OSError, ValueError):
        return None
    return answer.get("result")


def _failures(directory: Directory) -> int:
    """How often Azure's process ended since this supervisor began."""
    found = ask(directory, {"operation": "state"}) or {}
    restarts: int = found.get("services", {}).get("azure", {}).get("restarts", 0)
    return restarts


def _check(directory: Directory) -> None:
    try:
        check_tools()
    except MissingToolError as missing:
        raise SandboxError(str(missing)) from None
    if directory.foreign():
        # It would be closed to others now, and wiped with all that is in it by a reset.
        raise SandboxError(f"{directory} is not empty and no sandbox's directory. {ELSEWHERE}")
    try:
        directory.create()
        free = shutil.disk_usage(directory.path).free
    except OSError as error:
        raise SandboxError(
            f"The sandbox's directory {directory} cannot be used: {error.strerror or error}. "
            f"{ELSEWHERE}"
        ) from None
    if not os.access(directory.path, os.W_OK | os.X_OK):
        raise SandboxError(f"{directory} is not writable. {ELSEWHERE}")
    if free < FREE_BYTES:
        raise SandboxError(
            f"Only {free // 2**20} MB are free on the disk of {directory}; a sandbox needs "
            f"{FREE_BYTES // 2**20} MB. Free some. {ELSEWHERE}"
        )


def _launch(directory: Directory) -> subprocess.Popen[bytes]:
    environment = without_sandbox(os.environ)
    path = [str(checkout()), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(part for part in path if part)
    with directory.log("supervisor").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "sandbox.supervisor", "--dir", str(directory)],
            env=environment,
            cwd=directory.path,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _tail(directory: Directory, service: str) -> str:
    """The last line of a log."""
    try:
        lines = directory.log(service).read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else f"nothing; see {directory.logs}"

"""Who holds a stack's lock and how it is freed, from what the engine says.

- Of another machine nobody can tell whether the holder lives: both ways are named.
- A process that lives on this machine is to be waited for; nothing is said that would free it.
"""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime

import psutil
import pytest
from pulumi import automation
from pulumi.automation._cmd import CommandResult

from ops import stacks

BACKENDS = [
    "file:///srv/state/.pulumi/locks/organization/amlops/dev/0815.json",
    "azblob://state/.pulumi/locks/organization/amlops/dev/0815.json?storage_account=st",
]
COMMAND = "pulumi cancel --yes --stack dev"


class Locked:
    def __init__(self, lock: str = BACKENDS[0], host: str = "agent-7", pid: int = 4711) -> None:
        since = datetime.fromtimestamp(psutil.Process().create_time(), UTC)
        self.since = since.strftime("%Y-%m-%dT%H:%M:%SZ")
        self.text = (
            "error: the stack is currently locked by 1 lock(s). "
            "Either wait for the other process(es) to end or delete the lock file with "
            f"`pulumi cancel`.\n  {lock}: created by vsts@{host} (pid {pid}) at {self.since}\n"
        )


def said(locked: Locked) -> str:
    ended = CommandResult("", locked.text, 255)
    return stacks.failure_of(automation.CommandError(ended)).message


@pytest.mark.parametrize("lock", BACKENDS)
@pytest.mark.parametrize(
    ("target", "command"), [("azure", COMMAND), ("sandbox", f"amlops sandbox run -- {COMMAND}")]
)
def test_another_machines_lock_is_told_with_both_ways(
    lock: str, target: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMLOPS_TARGET", target)
    locked = Locked(lock)
    assert said(locked) == (
        f"'dev' is locked by process 4711 of vsts on agent-7 since {locked.since}. If it still "
        f"runs, wait for its end; if it was killed, free the stack: {command}"
    )


def test_a_living_process_of_this_machine_is_waited_for() -> None:
    told = said(Locked(host=socket.gethostname(), pid=os.getpid()))
    assert "It is at work: wait for its end" in told
    assert "cancel" not in told


def test_a_dead_process_of_this_machine_is_named_so() -> None:
    nobody = next(pid for pid in range(2**22, 2**23) if not psutil.pid_exists(pid))
    told = said(Locked(host=socket.gethostname(), pid=nobody))
    assert "It runs no more; free the stack: " in told
    assert told.endswith(COMMAND)

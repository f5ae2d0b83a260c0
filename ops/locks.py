"""Pulumi's lock on a stack, where an update meets another's: who holds it, since when, what next.

Nobody can see whether a process of another machine lives, so the lock of one is never taken here;
what a dead process of this machine holds in a folder is cleared before (`state_files`).
"""

from __future__ import annotations

import os
import re
import socket
from datetime import datetime

from ops.failure import Failure
from ops.state_files import alive

_HELD = re.compile(
    r"/(?P<stack>[^/\s]+)/[^/\s]+\.json\S*: created by (?P<user>.+)@(?P<host>\S+) "
    r"\(pid (?P<pid>\d+)\) at (?P<since>\S+)"
)
"""A line for each lock, below the engine's error."""


def failure(told: str) -> Failure | None:
    """What to say when the engine says that the stack is locked; None where it does not."""
    held = list(_HELD.finditer(told))
    if "is currently locked by" not in told or not held:
        return None
    return Failure("\n".join(_said(lock) for lock in held))


def _said(lock: re.Match[str]) -> str:
    here = lock["host"] == socket.gethostname()
    # The time is told in whole seconds: who took the lock may have begun in the same one.
    lives = here and alive(int(lock["pid"]), datetime.fromisoformat(lock["since"]).timestamp() + 1)
    holder = f"process {lock['pid']} of {lock['user']} on {lock['host']}"
    held = f"'{lock['stack']}' is locked by {holder} since {lock['since']}. "
    if lives:
        return f"{held}It is at work: wait for its end, then run the same command again."
    inside = "amlops sandbox run -- " if os.environ.get("AMLOPS_TARGET") == "sandbox" else ""
    known = "It runs no more;" if here else "If it still runs, wait for its end; if it was killed,"
    return f"{held}{known} free the stack: {inside}pulumi cancel --yes --stack {lock['stack']}"

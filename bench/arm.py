"""Small requests to ARM through the gateway against the same application over plain HTTP."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

from azure.core.rest import HttpRequest

from bench.pairs import Pairs, in_turns, seconds
from bench.processes import PYTHON, free_port, running
from bench.sandboxes import IDENTITY, STORAGE, Sandbox, Transport, folder, sandbox

BLOCK = 100
"""Requests each way, whose median is the value of one run."""
SLOW = 30.0
"""Milliseconds; a delayed acknowledgement that somebody waits for costs 40."""


def measure(runs: int) -> dict[str, Pairs]:
    with sandbox() as box, folder() as copy:
        made = box.workspace()
        identity = (
            f"{made['group']}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-bench"
        )
        calls: dict[str, tuple[str, str, str, Any]] = {
            "arm-get": ("GET", made["storage"], STORAGE, None),
            "arm-post": ("POST", f"{made['storage']}/listKeys", STORAGE, None),
            "arm-put": ("PUT", identity, IDENTITY, {"location": "eastus", "tags": {"a": "b"}}),
        }
        _copy(box, copy)
        port = free_port()
        with running(PYTHON, "-m", "bench.plain", str(port), str(copy), port=port):
            plain = f"http://127.0.0.1:{port}"
            return {
                name: _verb(runs, box, box.request(*call), box.request(*call, address=plain))
                for name, call in calls.items()
            }


def _verb(runs: int, box: Sandbox, through: HttpRequest, plain: HttpRequest) -> Pairs:
    direct = Transport()
    result, every = Pairs(), Pairs()
    in_turns(10, lambda: _once(box.client, through), lambda: _once(direct, plain))  # warm
    for _ in range(runs):
        block = in_turns(BLOCK, lambda: _once(box.client, through), lambda: _once(direct, plain))
        every.measured += block.measured
        every.anchor += block.anchor
        result.measured.append(median(block.measured))
        result.anchor.append(median(block.anchor))
    result.notes = [
        f"{SLOW:g} ms or more: {slow_share(every.measured):.1%} of {len(every.measured)} requests, "
        f"{slow_share(every.anchor):.1%} of the anchor's"
    ]
    return result


def slow_share(milliseconds: list[float]) -> float:
    return sum(value >= SLOW for value in milliseconds) / len(milliseconds)


def _once(transport: Transport, request: HttpRequest) -> float:
    """Milliseconds of one request on a kept connection."""
    return 1000 * seconds(lambda: transport.send(request))


def _copy(box: Sandbox, folder: Path) -> None:
    """The sandbox's state, for a second process that writes too."""
    shutil.copy(box.directory.secrets, folder)
    with (
        closing(sqlite3.connect(box.directory.database)) as source,
        closing(sqlite3.connect(folder / box.directory.database.name)) as target,
    ):
        source.backup(target)

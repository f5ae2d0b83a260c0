"""From `amlops sandbox start` to the first answer, against an empty application's start."""

from __future__ import annotations

import time

from azure.core.rest import HttpRequest

from bench.pairs import Pairs, in_turns, seconds
from bench.processes import AMLOPS, PYTHON, free_port, run, running
from bench.sandboxes import GROUP, Transport, sandbox
from sandbox.supervisor import launch


def measure(runs: int) -> dict[str, Pairs]:
    with sandbox() as box:
        path = box.workspace()["group"]

        def start() -> None:
            run(AMLOPS, "sandbox", "start", "--dir", str(box.directory))
            box.arm("GET", path, GROUP)

        def again() -> float:
            launch.stop(box.directory)
            return seconds(start)

        again()  # compiled and read once
        return {"sandbox-start": in_turns(runs, again, _empty)}


def _empty() -> float:
    port = free_port()
    begun = time.perf_counter()
    with running(PYTHON, "-m", "bench.plain", str(port), port=port):
        Transport().send(HttpRequest("GET", f"http://127.0.0.1:{port}/"))
        return time.perf_counter() - begun

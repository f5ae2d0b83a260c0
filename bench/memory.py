"""What each service takes at rest, against the bare program that it is made of."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from bench.pairs import Pairs
from bench.processes import PYTHON, free_port, running
from bench.sandboxes import folder, sandbox
from sandbox.supervisor import launch
from sandbox.supervisor.services import azurite_modules
from sandbox.tracking.server import environment

NAMES = ("azure", "azurite", "mlflow", "supervisor")
WAITS = "import asyncio; asyncio.run(asyncio.Event().wait())"
QUIET_SECONDS, BUSY_SECONDS = 1.0, 0.05


def measure(runs: int) -> dict[str, Pairs]:
    services: list[dict[str, Memory]] = []
    anchors: list[dict[str, Memory]] = []
    for _ in range(runs):
        services.append(_services())
        anchors.append(_anchors())
    return {
        f"memory-{name}": Pairs(
            [run[name].proportional for run in services],
            [run[name].proportional for run in anchors],
            [
                f"resident {median(run[name].resident for run in services):.0f} MB, of the anchor "
                f"{median(run[name].resident for run in anchors):.0f} MB"
            ],
        )
        for name in NAMES
    }


@dataclass(frozen=True)
class Memory:
    """Megabytes. Pages that processes share are divided among them, or count in full in each."""

    proportional: float
    resident: float

    @classmethod
    def of(cls, processes: list[psutil.Process]) -> Memory:
        found = [one.memory_full_info() for one in processes]
        resident = sum(one.rss for one in found) / 1e6
        # Linux alone tells the proportional figure.
        return cls(sum(getattr(one, "pss", one.rss) for one in found) / 1e6, resident)


def _services() -> dict[str, Memory]:
    with sandbox() as box:
        box.workspace()
        state = launch.ask(box.directory, {"operation": "state"})
        pids = {name: one["pid"] for name, one in state["services"].items()}
        found = {name: at_rest(psutil.Process(pid)) for name, pid in pids.items()}
        return found | {"supervisor": Memory.of([psutil.Process(state["pid"])])}


def _anchors() -> dict[str, Memory]:
    found = {}
    for name in NAMES:
        with folder() as here, _start(name, here) as process:
            found[name] = at_rest(process)
    return found


def _start(name: str, here: Path) -> AbstractContextManager[psutil.Process]:
    port = free_port()
    if name == "azure":
        return running(PYTHON, "-m", "bench.plain", str(port), port=port)
    if name == "azurite":
        program = azurite_modules() / "azurite" / "dist" / "src" / "azurite.js"
        ports = [f"--{kind}Port={free_port()}" for kind in ("queue", "table")]
        return running("node", str(program), "--silent", "--location", str(here),
                       f"--blobPort={port}", *ports, port=port)  # fmt: skip
    if name == "mlflow":
        python = environment() / "bin" / "python"
        return running(
            str(python), "-m", "mlflow", "server", "--port", str(port),
            "--backend-store-uri", f"sqlite:///{here}/mlflow.db",
            "--artifacts-destination", str(here / "artifacts"),
            port=port, MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true",
        )  # fmt: skip
    return running(PYTHON, "-c", WAITS)


def at_rest(process: psutil.Process) -> Memory:
    """Of a process and all below it, once they have had next to nothing to do for a second."""
    before = float("-inf")
    while process.is_running():
        try:  # What comes and goes below it is no rest.
            tree = [process, *process.children(recursive=True)]
            busy = sum(sum(one.cpu_times()[:2]) for one in tree)  # seconds so far
            if abs(busy - before) < BUSY_SECONDS:
                return Memory.of(tree)
            before = busy
        except psutil.NoSuchProcess:
            continue
        time.sleep(QUIET_SECONDS)
    raise RuntimeError(f"process {process.pid} ended before it was at rest")

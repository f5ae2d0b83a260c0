"""What each service takes at rest, against the bare program that it is made of."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import psutil

from bench.pairs import Pairs
from bench.processes import PYTHON, answers, free_port, running
from bench.sandboxes import folder, sandbox, until
from sandbox.supervisor import launch
from sandbox.supervisor.services import azurite_modules
from sandbox.tracking.server import environment

WAITS = "import asyncio; asyncio.run(asyncio.Event().wait())"
QUIET_SECONDS = 1.0


def measure(runs: int) -> dict[str, Pairs]:
    result = {f"memory-{name}": Pairs() for name in ("azure", "azurite", "mlflow", "supervisor")}
    for _ in range(runs):
        for name, value in _services().items():
            result[f"memory-{name}"].measured.append(value)
        for name, value in _anchors().items():
            result[f"memory-{name}"].anchor.append(value)
    return result


def _services() -> dict[str, float]:
    with sandbox() as box:
        box.workspace()
        until(lambda: answers(box.port("mlflow")))
        state = launch.ask(box.directory, {"operation": "state"})
        services = {name: psutil.Process(one["pid"]) for name, one in state["services"].items()}
        found = {name: at_rest(process) for name, process in services.items()}
        return found | {"supervisor": memory(psutil.Process(state["pid"]), below=False)}


def _anchors() -> dict[str, float]:
    with folder() as here:
        return {name: _anchor(name, here) for name in ("azure", "azurite", "mlflow", "supervisor")}


def _anchor(name: str, here: Path) -> float:
    with _start(name, here) as process:
        return at_rest(process)


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


def at_rest(process: psutil.Process) -> float:
    """Megabytes of a process and all below it, once they have nothing to do for a second."""
    import time

    before = -1.0
    while True:
        now = _busy(process)
        if now - before < 0.05:
            return memory(process)
        before = now
        time.sleep(QUIET_SECONDS)


def memory(process: psutil.Process, *, below: bool = True) -> float:
    """Megabytes, shared pages divided among those who share them; resident ones without Linux."""
    total = 0
    for one in _tree(process) if below else [process]:
        total += getattr(one.memory_full_info(), "pss", 0) or one.memory_info().rss
    return total / 1e6


def _busy(process: psutil.Process) -> float:
    """Seconds of processor time so far."""
    return sum(sum(one.cpu_times()[:2]) for one in _tree(process))


def _tree(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]

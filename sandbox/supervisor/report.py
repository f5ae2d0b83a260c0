"""What `amlops sandbox status` shows: services, units, memory, disk."""

from __future__ import annotations

from typing import Any

import psutil

from sandbox.directory import Directory
from sandbox.supervisor import launch
from sandbox.supervisor.garbage import size


def report(directory: Directory) -> dict[str, Any]:
    """Memory and disk in bytes. `running`: a supervisor is there; `ready`: ARM answers."""
    running = launch.running(directory)
    state = launch.ask(directory, {"operation": "state"}) if running else None
    state = state or {}
    services = {"supervisor": _process(state["pid"], 0)} if state else {}
    for name, one in state.get("services", {}).items():
        services[name] = _process(one["pid"], one["restarts"])
    units = (launch.ask(directory, {"operation": "units"}) or {}) if running else {}
    return {
        "directory": str(directory),
        "running": running,
        "ready": bool(state.get("ready")),
        "ports": (state or launch.state(directory) or {}).get("ports", {}),
        "services": services,
        "units": {name: {"pid": one["pid"], "memory": _memory(one["pid"])}
                  for name, one in units.items()},
        "disk": {path.name: size(path) for path in _folders(directory)},
    }  # fmt: skip


def _process(pid: int | None, restarts: int) -> dict[str, Any]:
    memory = _memory(pid) if pid else None
    return {
        "pid": pid,
        "state": "running" if memory is not None else "starting",
        "memory": memory,
        "restarts": restarts,
    }


def _memory(pid: int) -> int | None:
    """Resident bytes of the process and all below it; the supervisor's own children are services.

    Shared pages count in each process, so a server with workers looks a little larger than it is.
    """
    try:
        process = psutil.Process(pid)
        own = int(process.memory_info().rss)
        if "sandbox.supervisor" in process.cmdline():
            return own
        return own + sum(int(child.memory_info().rss) for child in process.children(recursive=True))
    except psutil.Error:
        return None


def _folders(directory: Directory) -> list[Any]:
    if not directory.path.exists():
        return []
    return sorted(path for path in directory.path.iterdir() if not path.name.startswith("."))

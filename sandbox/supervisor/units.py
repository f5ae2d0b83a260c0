"""Units: job runners and deployment servers, children of the supervisor with all they start."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.directory import Directory
from sandbox.supervisor import processes

BURIAL_PAUSE = 0.01
LEAVING_SECONDS = 5.0
"""So long a burial waits for processes on their way out; nobody can tell whose they are."""
KEPT = 256
"""Of so many units that ended last one may ask for the code."""
HARMLESS = frozenset({"LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONUNBUFFERED"})
"""What a unit has of the starter's environment that is not to have its secrets."""


class _Unit:
    """One run of a unit; `gone` is set when it and all it started have ended."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.started = processes.started(process.pid) or 0.0
        self.ended = asyncio.Event()
        self.gone = asyncio.Event()
        self.code: int | None = None


class Units:
    """Starts, stops and buries units. `reaped` is to be called for each child that ended."""

    def __init__(self, directory: Directory, environment: Mapping[str, str]) -> None:
        self._directory = directory
        self._environment = environment
        self._units: dict[str, _Unit] = {}
        self._burials: set[asyncio.Task[None]] = set()

    def spawn(
        self, name: str, argv: list[str], env: dict[str, str], cwd: str, log: str, inherit: bool
    ) -> dict[str, Any]:
        """Raises OSError when it cannot be started."""
        if self._running(name) is None:
            environment = {
                **{key: value for key, value in self._environment.items()
                   if inherit or key in HARMLESS},
                **env,
                processes.SANDBOX_MARK: str(self._directory),
                processes.UNIT_MARK: name,
            }  # fmt: skip
            Path(log).parent.mkdir(parents=True, exist_ok=True)
            with Path(log).open("ab") as output:
                process = subprocess.Popen(
                    argv,
                    env=environment,
                    cwd=cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    preexec_fn=processes.die_with_parent(),
                )
            self._units.pop(name, None)  # The latest stand last.
            self._units[name] = _Unit(process)
        return self.listing()[name]

    def listing(self) -> dict[str, dict[str, Any]]:
        return {
            name: {"name": name, "pid": unit.process.pid, "started": unit.started}
            for name, unit in self._units.items()
            if not unit.ended.is_set()
        }

    def reaped(self, pid: int, code: int) -> bool:
        """Record the end of a unit. False when the child was none."""
        for name, unit in self._units.items():
            if unit.process.pid == pid and not unit.ended.is_set():
                unit.process.returncode = unit.code = code
                unit.ended.set()
                burial = asyncio.create_task(self._bury(name, unit))
                self._burials.add(burial)
                burial.add_done_callback(self._burials.discard)
                return True
        return False

    async def stop(self, name: str, grace: float) -> None:
        unit = self._units.get(name)
        if unit is None:
            return
        if not unit.ended.is_set():
            pid = unit.process.pid
            processes.send([pid], signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(unit.ended.wait(), grace)
            if not unit.ended.is_set():
                processes.send([pid, *processes.descendants(pid)], signal.SIGKILL)
        await unit.gone.wait()

    async def wait(self, name: str) -> int | None:
        """The code, once the unit and all it started are gone."""
        unit = self._units.get(name)
        if unit is None:
            return None
        await unit.gone.wait()
        return unit.code

    def code(self, name: str) -> int | None:
        unit = self._units.get(name)
        return unit.code if unit else None

    async def stop_all(self, grace: float) -> None:
        await asyncio.gather(*(self.stop(name, grace) for name in self._units))

    def _running(self, name: str) -> _Unit | None:
        unit = self._units.get(name)
        return unit if unit and not unit.ended.is_set() else None

    async def _bury(self, name: str, unit: _Unit) -> None:
        """Kill what the unit left behind, wherever in the tree of processes it went."""
        marks = {processes.SANDBOX_MARK: str(self._directory), processes.UNIT_MARK: name}
        end = time.monotonic() + LEAVING_SECONDS
        while True:
            left = {pid for pid in processes.marked(marks) if processes.started(pid)}
            again = self._running(name)  # Started anew under the same name.
            if again is not None:
                left -= {again.process.pid, *processes.descendants(again.process.pid)}
            if not left and (time.monotonic() > end or not processes.leaving(os.getpid())):
                break
            processes.send(left, signal.SIGKILL)
            await asyncio.sleep(BURIAL_PAUSE)
        unit.gone.set()
        for old in [other for other, one in self._units.items() if one.gone.is_set()][:-KEPT]:
            del self._units[old]


def base_environment(directory: Directory) -> dict[str, str]:
    """What every process of the sandbox inherits: the starter's environment and the mark."""
    return {**os.environ, processes.SANDBOX_MARK: str(directory), "PYTHONUNBUFFERED": "1"}

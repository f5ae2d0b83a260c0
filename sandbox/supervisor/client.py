"""Talks to the supervisor: starts and stops units, which outlive a restart of the caller."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.directory import Directory


@dataclass(frozen=True)
class Unit:
    """A process of the supervisor's: `started` is its time of creation, seconds since the epoch."""

    name: str
    pid: int
    started: float


class SupervisorError(Exception):
    """The supervisor could not be reached, or refused."""


class Supervisor:
    """One request a connection; safe to share between tasks."""

    def __init__(self, directory: Directory) -> None:
        self._socket = directory.control_socket

    async def spawn(
        self,
        name: str,
        argv: list[str],
        *,
        env: dict[str, str],
        cwd: Path,
        log: Path,
        inherit: bool = True,
    ) -> Unit:
        """Start a unit, its output appended to `log`; one that runs under the name is returned.

        `env` is added to the environment in which the sandbox was started; without `inherit`
        nothing of that is passed on but language and time zone.
        """
        answer = await self._ask(
            "spawn", name=name, argv=argv, env=env, cwd=str(cwd), log=str(log), inherit=inherit
        )
        return Unit(**answer)

    async def stop(self, name: str, *, grace: float = 5.0) -> None:
        """Send TERM to the unit, after `grace` seconds KILL; then kill all that is left of it.

        Returns when nothing of the unit runs. A unit that is not there is no error.
        """
        await self._ask("stop", name=name, grace=grace)

    async def units(self) -> dict[str, Unit]:
        """What runs now, by name."""
        return {name: Unit(**unit) for name, unit in (await self._ask("units")).items()}

    async def wait(self, name: str) -> int | None:
        """Return the exit code when the unit has ended, at once if it has already."""
        code: int | None = await self._ask("wait", name=name)
        return code

    async def exit_code(self, name: str) -> int | None:
        """The code of the last unit of that name, -N for signal N.

        None while it runs, and when this supervisor never had it: it was lost with the one before.
        """
        code: int | None = await self._ask("exit_code", name=name)
        return code

    async def ready(self) -> dict[str, Any]:
        """Return the supervisor's state once ARM answers."""
        state: dict[str, Any] = await self._ask("ready")
        return state

    async def _ask(self, operation: str, **arguments: Any) -> Any:
        try:
            reader, writer = await asyncio.open_unix_connection(self._socket, limit=2**24)
        except OSError as error:
            raise SupervisorError(f"The sandbox's supervisor does not answer: {error}") from error
        try:
            request = {"operation": operation, **arguments}
            writer.write(json.dumps(request).encode() + b"\n")
            await writer.drain()
            line = await reader.readline()
        except OSError as error:
            raise SupervisorError(f"The sandbox's supervisor went away: {error}") from error
        finally:
            writer.close()
        if not line:
            raise SupervisorError("The sandbox's supervisor went away")
        answer = json.loads(line)
        if "error" in answer:
            raise SupervisorError(answer["error"])
        return answer["result"]

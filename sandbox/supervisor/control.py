"""The supervisor's Unix socket: one JSON line asks, one answers."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.supervisor.daemon import Daemon

log = logging.getLogger("sandbox.supervisor")

LINE_LIMIT = 2**24


class Control:
    """Answers the operations of `sandbox.supervisor.client`."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._server: asyncio.AbstractServer | None = None

    async def start(self, path: Path) -> None:
        path.unlink(missing_ok=True)  # Left by a killed supervisor; we hold the lock.
        self._server = await asyncio.start_unix_server(self._serve, path, limit=LINE_LIMIT)
        path.chmod(0o600)
        self._path = path

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await reader.readline()
            if not line:
                return
            try:
                answer: dict[str, Any] = {"result": await self._answer(json.loads(line))}
            except (OSError, ValueError, TypeError, KeyError) as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        except OSError as error:
            log.info("a client of the control socket went away: %s", error)
        finally:
            writer.close()

    async def _answer(self, request: dict[str, Any]) -> Any:
        operation = request.pop("operation")
        units = self._daemon.units
        match operation:
            case "spawn":
                self._refuse_while_stopping()
                return units.spawn(**request)
            case "stop":
                return await units.stop(**request)
            case "units":
                return units.listing()
            case "wait":
                return await units.wait(**request)
            case "exit_code":
                return units.code(**request)
            case "ready":
                await self._daemon.answering.wait()
                self._refuse_while_stopping()
                return self._daemon.state()
            case "state":
                return self._daemon.state()
        raise ValueError(f"no operation {operation!r}")

    def _refuse_while_stopping(self) -> None:
        if self._daemon.stopping.is_set():
            raise ValueError("the sandbox is stopping")

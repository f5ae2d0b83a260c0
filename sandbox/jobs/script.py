"""The user's command as a process, with everything that it starts."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from sandbox.jobs.logs import Log
from sandbox.supervisor import processes

LINE_SECONDS = 0.2
"""How long an unfinished line waits for its end before it is shown."""
TERM_SECONDS = 2.0
KILL_PAUSE_SECONDS = 0.02
CHUNK = 2**16


class Script:
    """`bash -c` in a session of its own; its output goes to a log."""

    def __init__(self, command: str, folder: Path, environment: dict[str, str], log: Log) -> None:
        self._command = command
        self._folder = folder
        self._environment = environment
        self._log = log
        self._reading: asyncio.Task[None] | None = None

    async def run(self) -> int:
        """The exit code, -N after signal N. What the command leaves running is killed."""
        processes.adopt_orphans()
        read_end, write_end = os.pipe()
        try:
            # Not a pipe of asyncio's: waiting for the process must not wait for its orphans.
            process = await asyncio.create_subprocess_exec(
                "bash", "-c", self._command, cwd=self._folder, env=self._environment,
                stdin=asyncio.subprocess.DEVNULL, stdout=write_end, stderr=write_end,
                start_new_session=True, preexec_fn=processes.die_with_parent(),
            )  # fmt: skip
        finally:
            os.close(write_end)
        self._reading = asyncio.create_task(self._read(read_end))
        code = await process.wait()
        await self.kill()
        return code

    async def kill(self) -> None:
        """End everything that the command started, politely first; returns when it is gone."""
        loop = asyncio.get_running_loop()
        polite_until = loop.time() + TERM_SECONDS
        processes.send(self._left(), signal.SIGTERM)
        while left := self._left():
            if loop.time() > polite_until:
                processes.send(left, signal.SIGKILL)
            await asyncio.sleep(KILL_PAUSE_SECONDS)
        if self._reading:
            await self._reading

    def _left(self) -> list[int]:
        """Whatever its session and parent: orphans come to this process."""
        return [pid for pid in processes.descendants(os.getpid()) if processes.started(pid)]

    async def _read(self, descriptor: int) -> None:
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", 0)
        )
        pending = b""
        while True:
            try:
                async with asyncio.timeout(LINE_SECONDS if pending else None):
                    data = await reader.read(CHUNK)
            except TimeoutError:
                pending = self._log.write_unfinished(pending)
                continue
            if not data:
                break
            whole, newline, rest = (pending + data).rpartition(b"\n")
            self._log.write(whole + newline)
            pending = rest
        self._log.write(pending)
        transport.close()

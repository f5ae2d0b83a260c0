"""The logs of a job: written to its folder at once, and to the artifact store while it runs."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from sandbox.jobs.storage import Storage
from sandbox.ml.locations import Location

USER_LOG = "user_logs/std_log.txt"
SYSTEM_LOG = "system_logs/job.log"
PAUSE_SECONDS = 0.25
SLOW_PAUSE_SECONDS = 5.0
SLOW_AFTER = 2000
"""Blocks after which a log is written less often: an append blob holds 50,000."""
RETRY_SECONDS = 0.5


class Log:
    """One log file, streamed from `start` to `finish`. Secrets are blanked out on the way."""

    def __init__(
        self, storage: Storage, path: Path, location: Location, secrets: tuple[str, ...]
    ) -> None:
        self._storage = storage
        self.path = path
        self._location = location
        self._secrets = [secret.encode() for secret in secrets if secret]
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)
        self._written = path.stat().st_size
        self._sent = 0
        self._news = asyncio.Event()
        self._closing = asyncio.Event()
        self._stream: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._stream = asyncio.create_task(self._send())

    def write(self, data: bytes) -> None:
        data = self._blanked(data)
        self._file.write(data)
        self._written += len(data)
        self._news.set()

    def write_unfinished(self, data: bytes) -> bytes:
        """Write all but an end that may be the beginning of a secret; that is returned."""
        data = self._blanked(data)
        beginnings = (secret[:size] for secret in self._secrets for size in range(len(secret)))
        held = max((len(begun) for begun in beginnings if data.endswith(begun)), default=0)
        self.write(data[: len(data) - held])
        return data[len(data) - held :]

    def _blanked(self, data: bytes) -> bytes:
        for secret in self._secrets:
            data = data.replace(secret, b"***")
        return data

    def line(self, text: str) -> None:
        self.write(text.encode() + b"\n")

    def tail(self, lines: int = 20, characters: int = 4000) -> str:
        """The last lines, for an error's message."""
        with self.path.open("rb") as file:
            file.seek(max(0, self._written - characters))
            text = file.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    async def finish(self) -> None:
        """Return when the store has all of it, whatever happened to the store meanwhile."""
        self._closing.set()
        self._news.set()
        if self._stream:
            # Not cancelled: a thread that writes cannot be, and would write later, over the rest.
            await self._stream
        if not self._written:
            return
        while await asyncio.to_thread(self._storage.size, self._location) != self._written:
            self._sent = 0
            await self._append()

    async def _send(self) -> None:
        blocks = 0
        while not self._closing.is_set() or self._sent < self._written:
            await self._news.wait()
            self._news.clear()
            if self._sent < self._written:
                await self._append()
                blocks += 1
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(
                    PAUSE_SECONDS if blocks < SLOW_AFTER else SLOW_PAUSE_SECONDS
                ):
                    await self._closing.wait()
                    self._news.set()

    async def _append(self) -> None:
        from azure.core.exceptions import AzureError

        with self.path.open("rb") as file:
            file.seek(self._sent)
            data = file.read()
        while True:
            try:
                await asyncio.to_thread(
                    self._storage.append, self._location, data, anew=self._sent == 0
                )
            except AzureError:
                # The store is away for a moment; what it may have taken is found out at the end.
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._sent += len(data)
                return

"""One clock for a sandbox, which tests can move: idle times, soft delete, tokens go by it.

The clock is the machine's plus an offset kept in `clock.json`. Every process of a sandbox reads
the offset again when the file changes, so all agree on the time.
"""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sandbox.directory import write_atomically

NOTICE_SECONDS = 0.2
"""How soon a sleeper notices that another process moved the clock."""


class Clock:
    """Reads and moves the time of the sandbox whose `clock.json` is given."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._offset = 0.0
        self._moved: asyncio.Event | None = None

    @property
    def offset(self) -> timedelta:
        """How far the sandbox is ahead of the machine."""
        return timedelta(seconds=self._read())

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time(), UTC)

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self._read()

    def advance(self, step: timedelta) -> datetime:
        """Move the time forward. Raises ValueError for a step back: nothing may un-happen."""
        if step < timedelta():
            raise ValueError("the sandbox's clock only moves forward")
        offset = self._read() + step.total_seconds()
        write_atomically(self._path, json.dumps({"offset_seconds": offset}))
        if self._moved is not None:
            self._moved.set()
        return self.now()

    async def sleep_until(self, when: datetime) -> None:
        """Return at `when`, earlier in real time if the clock is moved past it."""
        while (left := when.timestamp() - self.time()) > 0:
            if self._moved is None or self._moved.is_set():
                self._moved = asyncio.Event()
            try:
                await asyncio.wait_for(self._moved.wait(), min(left, NOTICE_SECONDS))
            except TimeoutError:
                continue

    async def sleep(self, seconds: float) -> None:
        await self.sleep_until(self.now() + timedelta(seconds=seconds))

    def _read(self) -> float:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._stamp, self._offset = None, 0.0
            return 0.0
        stamp = (status.st_mtime_ns, status.st_ino)
        if stamp != self._stamp:
            self._offset = float(json.loads(self._path.read_text())["offset_seconds"])
            self._stamp = stamp
        return self._offset

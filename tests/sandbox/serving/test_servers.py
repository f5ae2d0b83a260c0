"""A server that is replaced: whoever has asked it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource
from sandbox.serving import backend, servers
from sandbox.serving.release import DEPLOYMENTS, Release, socket, units
from tests.sandbox.conftest import PATIENCE

BLUE = Resource(
    ResourceId("/subscriptions/s/resourceGroups/rg", DEPLOYMENTS, ("mlw", "bikes", "blue")), {}
)
OLD = Release("old", "python", ".", 1)


@dataclass
class Stage:
    """One server and its supervisor; `events` tells what came first.

    `answers`: before it is told to end, else after it.
    """

    folder: Path
    answers: bool
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    events: list[str] = field(default_factory=list)

    @property
    def azure(self) -> Any:
        directory = SimpleNamespace(sockets=self.folder)
        return SimpleNamespace(directory=directory, supervisor=self)

    async def units(self) -> list[str]:
        """What a stop asks the supervisor first."""
        if self.answers:
            self.may_answer.set()
        return units(BLUE, OLD)

    async def stop(self, _name: str, *, grace: float) -> None:
        self.events.append("stopped")
        self.may_answer.set()

    async def ask(self) -> None:
        reply = await backend.send(socket(self.azure, BLUE, OLD, 0), "GET", "/", [], b"")
        reply.close()
        self.events.append("answered")

    @asynccontextmanager
    async def asked(self) -> AsyncIterator[None]:
        """While the server has a request; at the end that is answered."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            self.heard.set()
            await self.may_answer.wait()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            writer.close()

        at = socket(self.azure, BLUE, OLD, 0)
        async with await asyncio.start_unix_server(serve, at):
            request = asyncio.create_task(self.ask())
            await self.heard.wait()
            yield
            await request


@pytest.mark.parametrize(
    ("answers", "patience", "events"),
    [(True, PATIENCE, ["answered", "stopped"]), (False, 0.0, ["stopped", "answered"])],
    ids=["when it has answered", "in time"],
)
def test_a_server_is_stopped(
    answers: bool,
    patience: float,
    events: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(servers, "STOP_SECONDS", patience)
    stage = Stage(tmp_path, answers)

    async def story() -> None:
        async with stage.asked():
            await servers.stop(stage.azure, BLUE)

    asyncio.run(story())
    assert stage.events == events

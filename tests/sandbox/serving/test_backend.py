"""Answers of every shape arrive whole, and what breaks off is told from what never arrived."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from sandbox.serving import backend


async def ask(socket: Path) -> tuple[int, bytes]:
    reply = await backend.send(socket, "POST", "/score", [(b"a", b"b")], b"body")
    try:
        return reply.status, b"".join([chunk async for chunk in reply.chunks()])
    finally:
        reply.close()


def answered(tmp_path: Path, answer: bytes) -> tuple[int, bytes]:
    """What a client makes of a server that says just this and hangs up."""

    async def serve() -> tuple[int, bytes]:
        async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"body")
            writer.write(answer)
            await writer.drain()
            writer.close()

        server = await asyncio.start_unix_server(say, tmp_path / "s")
        async with server:
            return await ask(tmp_path / "s")

    return asyncio.run(serve())


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nwh\r\n3\r\nole\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nwhole",
    ],
    ids=["sized", "chunked", "until the end"],
)
def test_an_answer_arrives_whole(tmp_path: Path, answer: bytes) -> None:
    assert answered(tmp_path, answer) == (200, b"whole")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nwhole",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nwh\r\n",
        b"no HTTP at all\r\n\r\n",
    ],
    ids=["nothing", "half a line", "too short", "half the chunks", "something else"],
)
def test_an_answer_that_breaks_off_is_an_error(tmp_path: Path, answer: bytes) -> None:
    with pytest.raises(backend.BackendError) as caught:
        answered(tmp_path, answer)
    assert not isinstance(caught.value, backend.NotReachedError)


def test_nothing_listens(tmp_path: Path) -> None:
    with pytest.raises(backend.NotReachedError):
        asyncio.run(ask(tmp_path / "none"))


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 200 OK\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"]
)
def test_nothing_is_under_way_after_the_end(tmp_path: Path, answer: bytes) -> None:
    with suppress(backend.BackendError):
        answered(tmp_path, answer)
    with suppress(backend.NotReachedError):
        asyncio.run(ask(tmp_path / "none"))
    assert [backend.under_way[tmp_path / name] for name in ("s", "none")] == [0, 0]

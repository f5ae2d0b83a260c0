"""Azurite may be away or die under a request: what can be sent again is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from sandbox.blob import rest
from sandbox.clock import Clock
from sandbox.directory import Directory
from sandbox.identity import Identity

REFUSED = httpx.ConnectError("refused")
BROKEN = httpx.ReadError("broken")


@pytest.fixture
def context(tmp_path: Path) -> Any:
    directory = Directory(tmp_path)
    directory.state.write_text(json.dumps({"ports": {"azurite": 1, "azurite_queue": 2}}))
    return SimpleNamespace(
        directory=directory, identity=Identity.open(directory), clock=Clock(directory.clock)
    )


def sent(
    context: Any, monkeypatch: pytest.MonkeyPatch, course: list[Any], content: rest.Content = b"x"
) -> list[httpx.Request]:
    """The requests that it took to put a blob, where Azurite did so to each of them."""
    requests: list[httpx.Request] = []

    def azurite(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        now = course[min(len(requests), len(course)) - 1]
        if isinstance(now, Exception):
            raise now
        return httpx.Response(now, headers={"x-ms-error-code": "Code"} if now >= 400 else {})

    client = httpx.AsyncClient(transport=httpx.MockTransport(azurite))
    monkeypatch.setattr(rest, "_client", lambda _: client)
    monkeypatch.setattr(rest, "UP_PAUSE", 0)
    asyncio.run(rest.ask(context, "PUT", "account", "/c/b", content=content))
    return requests


async def stream() -> AsyncIterator[bytes]:
    yield b"x"


def test_a_request_is_the_accounts(context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (request,) = sent(context, monkeypatch, [201])
    assert request.headers["host"] == "account.blob.core.windows.net"
    assert (request.url.port, request.url.path) == (1, "/c/b")


@pytest.mark.parametrize("content", [b"x", stream()], ids=["bytes", "stream"])
def test_one_waits_until_azurite_is_up(
    context: Any, monkeypatch: pytest.MonkeyPatch, content: rest.Content
) -> None:
    assert len(sent(context, monkeypatch, [REFUSED] * 5 + [201], content)) == 6


def test_bytes_are_sent_again(context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(sent(context, monkeypatch, [BROKEN, BROKEN, 201])) == 3


@pytest.mark.parametrize(
    ("course", "content", "status"),
    [
        ([BROKEN] * 3, b"x", 503),
        ([BROKEN, 201], stream(), 503),
        ([409], b"x", 409),
    ],
    ids=["broken again and again", "a stream cannot be sent again", "refused"],
)
def test_what_fails_says_where(
    context: Any,
    monkeypatch: pytest.MonkeyPatch,
    course: list[Any],
    content: rest.Content,
    status: int,
) -> None:
    with pytest.raises(rest.StorageError, match="PUT account/c/b") as error:
        sent(context, monkeypatch, course, content)
    assert error.value.status == status


def test_one_does_not_wait_for_ever(context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "UP_SECONDS", 0)
    with pytest.raises(rest.StorageError, match="does not come up"):
        sent(context, monkeypatch, [REFUSED])

"""Services as they are started."""

from __future__ import annotations

import json

import httpx
import pytest

from sandbox.supervisor.services import KEEP_ALIVE_SECONDS
from tests.sandbox.conftest import PATIENCE, RunningSandbox, wait_until


@pytest.mark.parametrize("port", ["azurite", "azurite_queue", "azurite_table"])
def test_azurite_keeps_the_connections_of_its_clients(sandbox: RunningSandbox, port: str) -> None:
    number = json.loads(sandbox.directory.state.read_text())["ports"][port]

    def asked() -> httpx.Response | None:
        try:
            return httpx.get(f"https://127.0.0.1:{number}/", verify=False, timeout=PATIENCE)
        except httpx.ConnectError:
            return None

    answer = wait_until(asked, what="Azurite listens")
    assert answer.headers["keep-alive"] == f"timeout={KEEP_ALIVE_SECONDS}"

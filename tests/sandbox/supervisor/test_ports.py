"""The ports of a sandbox: those of its last run, however it ended."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import pytest

from sandbox.directory import Directory
from sandbox.supervisor import daemon
from sandbox.supervisor.daemon import Daemon


def taken() -> socket.socket:
    """A port at which somebody listens."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


def again(folder: Path, port: int) -> Daemon:
    """One whose gateway had that port."""
    directory = Directory(folder)
    directory.state.write_text(json.dumps({"ports": {"gateway": port}}))
    return Daemon(directory)


def test_a_port_is_awaited_while_what_held_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = taken()
    port = holder.getsockname()[1]
    bind = daemon._bind

    def once(wanted: int) -> socket.socket | None:
        found = bind(wanted)
        holder.close()
        return found

    monkeypatch.setattr(daemon, "_bind", once)
    ours = again(tmp_path, port)
    asyncio.run(ours._choose_ports())
    assert ours.ports["gateway"] == port


def test_a_port_that_stays_taken_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "PORT_SECONDS", 0.0)
    with taken() as holder:
        ours = again(tmp_path, holder.getsockname()[1])
        asyncio.run(ours._choose_ports())
        assert ours.ports["gateway"] not in (0, holder.getsockname()[1])
    assert len(set(ours.ports.values())) == len(daemon.PORTS)

"""Through the gateway with real clients: what is let in, what is refused."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
import pytest
import requests

from sandbox.gateway import proxy, tunnel
from sandbox.gateway.certificates import Certificates
from sandbox.gateway.hosts import application_of
from sandbox.gateway.proxy import Gateway
from sandbox.gateway.relay import QUICKACK, Relay
from sandbox.gateway.tunnel import Tunnels


@pytest.mark.parametrize(
    ("host", "application"),
    [
        ("management.azure.com", "arm"),
        ("MANAGEMENT.azure.com", "arm"),
        ("kv.vault.azure.net", "vault"),
        ("e.eastus.inference.ml.azure.com", "inference"),
        ("acct.blob.core.windows.net", "blob"),
        ("acct.dfs.core.windows.net", "unsupported"),
        ("evil-management.azure.com", None),
        ("management.azure.com.example.com", None),
        ("../../x.vault.azure.net", None),
        ("a/b.vault.azure.net", None),
        ("", None),
    ],
)
def test_a_host_has_one_application_or_none(host: str, application: str | None) -> None:
    assert application_of(host) == application


def test_a_host_that_is_not_azures_is_refused_by_name(sandbox: Any) -> None:
    with (
        sandbox.http() as client,
        pytest.raises(httpx.ProxyError, match=r"no service example\.com"),
    ):
        client.get("https://example.com/")


def test_a_storage_account_that_is_not_there_is_refused_by_name(sandbox: Any) -> None:
    with (
        sandbox.http() as client,
        pytest.raises(httpx.ProxyError, match="There is no storage account nobody"),
    ):
        client.get("https://nobody.blob.core.windows.net/")


def test_another_port_is_refused(sandbox: Any) -> None:
    with sandbox.http() as client, pytest.raises(httpx.ProxyError, match="port 443 only"):
        client.get("https://management.azure.com:8443/")


def raw(sandbox: Any, request: bytes) -> bytes:
    """What the gateway answers to bytes."""
    gateway = urlsplit(sandbox.environment["HTTPS_PROXY"])
    with socket.create_connection((gateway.hostname, gateway.port), timeout=60) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n", b"403"),
        (b"GET http://169.254.169.254/metadata HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"CONNECT management.azure.com:443 HTTP/1.1\r\n\r\nearly", b"400"),
        (b"CONNECT " + b"a" * 20_000, b"431"),
    ],
)
def test_what_is_no_tunnel_is_answered_at_once(
    sandbox: Any, request_: bytes, status: bytes
) -> None:
    assert raw(sandbox, request_).split(b" ")[1] == status


def test_file_shares_and_data_lake_say_that_they_are_not_here(sandbox: Any) -> None:
    with sandbox.http() as client:
        share = client.get("https://acct.file.core.windows.net/share")
        lake = client.get("https://acct.dfs.core.windows.net/fs")
    assert (share.status_code, lake.status_code) == (501, 501)
    assert "<Code>NotImplemented</Code>" in share.text
    assert "Azure Files" in share.text
    assert "Data Lake Storage Gen2" in lake.json()["error"]["message"]


def test_another_authority_is_not_trusted(sandbox: Any, tmp_path: Path) -> None:
    from sandbox.directory import Directory

    other = Directory(tmp_path / "other")
    other.create()
    Certificates(other).create()
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(
            "https://management.azure.com/",
            proxies={"https": sandbox.environment["HTTPS_PROXY"]},
            verify=str(other.ca_bundle),
            timeout=60,
        )


class Wire:
    """A transport, as far as what reads from it looks; `set` is what was set on its socket."""

    def __init__(self) -> None:
        self.set: list[tuple[int, int, int]] = []

    def get_extra_info(self, _name: str) -> Wire:
        return self

    def setsockopt(self, level: int, option: int, value: int) -> None:
        self.set.append((level, option, value))

    def is_closing(self) -> bool:
        return False


def entrance(wire: Any) -> asyncio.Protocol:
    protocol = proxy._Entrance(Gateway(*[cast(Any, None)] * 4))
    protocol.connection_made(wire)
    return protocol


def relay(wire: Any) -> asyncio.Protocol:
    protocol = Relay(quick=True)
    protocol.connection_made(wire)
    return protocol


def application(wire: Any) -> asyncio.Protocol:
    async def nobody(_scope: Any, _receive: Any, _send: Any) -> None:
        raise AssertionError("no request is complete")

    tunnels, loop = Tunnels(nobody), asyncio.new_event_loop()
    loop.close()
    protocol = tunnel._Http(tunnels._config, tunnels._state, {}, loop)
    protocol.transport = wire
    return protocol


@pytest.mark.skipif(QUICKACK is None, reason="only Linux can be told to acknowledge at once")
@pytest.mark.parametrize("protocol_on", [entrance, relay, application])
def test_all_that_is_read_is_acknowledged_at_once(
    protocol_on: Callable[[Any], asyncio.Protocol],
) -> None:
    """urllib3 leaves Nagle's algorithm on behind a proxy: its bodies would wait for 40 ms. Linux
    forgets the option, so that it is set anew after every read.
    """
    wire = Wire()
    protocol = protocol_on(wire)
    for times, part in enumerate((b"CONN", b"ECT "), 1):
        protocol.data_received(part)
        assert wire.set.count((socket.IPPROTO_TCP, cast(int, QUICKACK), 1)) == times

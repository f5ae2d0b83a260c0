"""Through the gateway with real clients: what is let in, what is refused, and how fast."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import requests

from sandbox.gateway.certificates import Certificates
from sandbox.gateway.hosts import application_of


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


def test_a_request_with_a_body_does_not_wait_for_a_delayed_acknowledgement(sandbox: Any) -> None:
    """urllib3 leaves Nagle's algorithm on behind a proxy: without care each takes 40 ms more."""
    times = []
    with requests.Session() as session:
        session.proxies = {"https": sandbox.environment["HTTPS_PROXY"]}
        session.verify = str(sandbox.directory.ca_bundle)
        for _ in range(40):
            begun = time.perf_counter()
            session.post("https://sandbox.internal/nowhere", data=b"x" * 400, timeout=60)
            times.append(time.perf_counter() - begun)
    # Each would wait; a busy machine slows down many of them and not all.
    assert min(times[20:]) < 0.03

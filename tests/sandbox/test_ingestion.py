"""Application Insights takes telemetry in each form in which clients send it."""

from __future__ import annotations

import gzip
import json
import sqlite3
import uuid
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from sandbox import ingestion
from sandbox.azure import Azure
from sandbox.directory import Directory
from tests.sandbox.conftest import RunningSandbox

HOST = "https://eastus-0.in.applicationinsights.azure.com"


def envelope(key: str, name: str) -> dict[str, object]:
    return {"iKey": key, "name": name, "data": {"baseType": "MetricData"}}


def send(sandbox: RunningSandbox, content: bytes, **headers: str) -> httpx.Response:
    with sandbox.http() as client:
        return client.post(f"{HOST}/v2.1/track", content=content, headers=headers)


def kept(sandbox: RunningSandbox, key: str) -> list[str]:
    with sqlite3.connect(f"file:{sandbox.directory.database}?mode=ro", uri=True) as connection:
        rows = connection.execute(
            "SELECT name FROM telemetry WHERE instrumentation = ? ORDER BY rowid", (key,)
        )
        return [name for (name,) in rows]


def test_telemetry_is_kept_by_instrumentation_key(sandbox: RunningSandbox) -> None:
    key = str(uuid.uuid4())
    items = [envelope(key, "a"), envelope(key, "b")]
    answer = send(sandbox, json.dumps(items).encode())
    assert answer.json()["itemsAccepted"] == 2
    lines = "\n".join(json.dumps(item) for item in (envelope(key, "c"), envelope(key, "d")))
    answer = send(sandbox, gzip.compress(lines.encode()), **{"content-encoding": "gzip"})
    assert answer.json()["itemsAccepted"] == 2
    assert kept(sandbox, key) == ["a", "b", "c", "d"]


def test_telemetry_is_kept_for_ninety_days(tmp_path: Path) -> None:
    azure = Azure(Directory(tmp_path))
    count = "SELECT count(*) FROM telemetry"
    try:
        ingestion.application(azure)
        row = ("key", azure.clock.time(), "a", "{}")
        azure.store.connection.execute("INSERT INTO telemetry VALUES (?,?,?,?)", row)
        for days, left in ((89, 1), (2, 0)):
            azure.clock.advance(timedelta(days=days))
            ingestion.expire(azure)
            assert azure.store.connection.execute(count).fetchone() == (left,)
    finally:
        azure.store.close()


@pytest.mark.parametrize("content", [b"not json", b"[1, 2]"])
def test_what_is_no_telemetry_is_refused(sandbox: RunningSandbox, content: bytes) -> None:
    assert send(sandbox, content).status_code == 400


@pytest.mark.parametrize(
    "content",
    [b"plain", gzip.compress(b"cut off")[:-9], gzip.compress(b"broken" * 9)[:12] + b"x"],
    ids=["plain", "cut off", "broken"],  # Else the time, which gzip writes, is in the test's name.
)
def test_gzip_that_is_none_is_refused(sandbox: RunningSandbox, content: bytes) -> None:
    assert send(sandbox, content, **{"content-encoding": "gzip"}).status_code == 400

"""Application Insights' ingestion: telemetry is kept, so that monitoring can read it."""

from __future__ import annotations

import gzip
import json
import zlib
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import refusals

if TYPE_CHECKING:
    from sandbox.azure import Azure

SCHEMA = """
CREATE TABLE IF NOT EXISTS telemetry (
  instrumentation TEXT NOT NULL, received REAL NOT NULL, name TEXT NOT NULL,
  envelope TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS telemetry_key ON telemetry (instrumentation, received);
CREATE INDEX IF NOT EXISTS telemetry_received ON telemetry (received);
"""


KEPT = timedelta(days=90)
"""What Application Insights keeps for a component that asks for nothing else."""


def expire(azure: Azure) -> None:
    """Forget telemetry that is too old."""
    azure.store.migrate(SCHEMA)
    until = (azure.clock.now() - KEPT).timestamp()
    with azure.store.transaction() as connection:
        connection.execute("DELETE FROM telemetry WHERE received < ?", (until,))


def application(azure: Azure) -> Starlette:
    """``/v2/track`` and ``/v2.1/track``, with bodies as JSON, JSON lines or gzip of either."""
    azure.store.migrate(SCHEMA)

    async def track(request: Request) -> Response:
        raw = await request.body()
        try:
            if request.headers.get("content-encoding") == "gzip":
                raw = gzip.decompress(raw)
            envelopes = _envelopes(raw.decode())
        except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:
            return JSONResponse({"error": {"message": f"not telemetry: {error}"}}, 400)
        now = azure.clock.now().timestamp()
        with azure.store.transaction() as connection:
            connection.executemany(
                "INSERT INTO telemetry VALUES (?,?,?,?)",
                [
                    (str(item.get("iKey", "")), now, str(item.get("name", "")), json.dumps(item))
                    for item in envelopes
                ],
            )
        count = len(envelopes)
        return JSONResponse({"itemsReceived": count, "itemsAccepted": count, "errors": []})

    async def other(_request: Request) -> Response:
        return JSONResponse({"itemsReceived": 0, "itemsAccepted": 0, "errors": []})

    return refusals.application(
        [
            Route("/v2/track", track, methods=["POST"]),
            Route("/v2.1/track", track, methods=["POST"]),
            Route("//v2.1/track", track, methods=["POST"]),
            Route("/{path:path}", other, methods=["GET", "POST"]),
        ]
    )


def _envelopes(text: str) -> list[dict[str, object]]:
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = [json.loads(line) for line in text.splitlines() if line.strip()]
    items = parsed if isinstance(parsed, list) else [parsed]
    if not all(isinstance(item, dict) for item in items):
        raise ValueError("every item must be an object")
    return items

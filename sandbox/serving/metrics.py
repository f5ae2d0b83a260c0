"""What was asked of each deployment: one row a request."""

from __future__ import annotations

import asyncio
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.azure import Azure

SCHEMA = """
CREATE TABLE IF NOT EXISTS scoring_requests (
  time REAL NOT NULL, endpoint TEXT NOT NULL, deployment TEXT NOT NULL, status INTEGER NOT NULL,
  model_status INTEGER NOT NULL, seconds REAL NOT NULL, request_id TEXT NOT NULL,
  mirrored INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS scoring_requests_endpoint ON scoring_requests (endpoint, time);
"""

FLUSH_SECONDS = 0.25
KEPT_ROWS = 200_000


@dataclass(frozen=True)
class Row:
    """`time` is seconds since the epoch by the sandbox's clock, `endpoint` a resource key.

    `status` is what the client got; `model_status` what the server process said, 0 for nothing.
    """

    time: float
    endpoint: str
    deployment: str
    status: int
    model_status: int
    seconds: float
    request_id: str
    mirrored: bool = False


class RequestLog:
    """Collects rows and writes them together, so that no request waits for the disk."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure
        self._rows: list[Row] = []
        azure.store.migrate(SCHEMA)

    def add(self, row: Row) -> None:
        if not self._rows:
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)
        self._rows.append(row)

    def flush(self) -> None:
        rows, self._rows = self._rows, []
        with self.azure.store.transaction() as connection:
            connection.executemany(
                "INSERT INTO scoring_requests VALUES (?,?,?,?,?,?,?,?)", [astuple(r) for r in rows]
            )
            connection.execute(
                "DELETE FROM scoring_requests WHERE rowid <= "
                "(SELECT max(rowid) FROM scoring_requests) - ?",
                (KEPT_ROWS,),
            )

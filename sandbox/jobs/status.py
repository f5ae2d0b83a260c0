"""The states of a job, and the file in which its runner says how far it is."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sandbox.directory import write_atomically

NOT_STARTED, QUEUED, PREPARING, RUNNING = "NotStarted", "Queued", "Preparing", "Running"
FINALIZING, CANCEL_REQUESTED = "Finalizing", "CancelRequested"
COMPLETED, FAILED, CANCELED = "Completed", "Failed", "Canceled"
ENDED = frozenset({COMPLETED, FAILED, CANCELED})

FILE = "status.json"
CANCEL = "cancel"
"""A file of this name in the job's folder: that its runner is stopped is a cancellation."""
RUN = "run.json"
"""Written when the job's run exists in MLflow, with its experiment's id, or the error."""

USES = "uses.json"
"""Names the environment that the job runs in, which is not to be removed meanwhile."""


@dataclass
class Status:
    """started, ended: seconds since the epoch by the sandbox's clock; error: code and message."""

    state: str
    started: float | None = None
    ended: float | None = None
    error: dict[str, Any] | None = None
    warnings: list[str] = field(default_factory=list)

    def save(self, folder: Path) -> None:
        write_atomically(folder / FILE, json.dumps(asdict(self)))

    @classmethod
    def load(cls, folder: Path) -> Status | None:
        """None before the runner has said anything."""
        try:
            return cls(**json.loads((folder / FILE).read_text()))
        except FileNotFoundError:
            return None

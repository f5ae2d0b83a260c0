"""What the runner of a job is told: everything resolved, so that it need not ask.

Every job's runner imports this on its way to the first line of the log: it stays light.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sandbox.arm.ids import ResourceId
from sandbox.directory import Directory, write_atomically
from sandbox.ml.locations import Location

FILE = "plan.json"


@dataclass
class Plan:
    """inputs: name -> kind, value, mode, uri, and the location of what is not a literal.

    outputs: name -> kind and location. timeout: seconds. scope: the workspace's ARM id. storage
    and tracking are tokens: the job's process holds no secret that outlives it.
    """

    name: str
    experiment: str
    display_name: str
    scope: str
    workspace_id: str
    host: str
    command: str
    variables: dict[str, str]
    environment: dict[str, Any] | str
    context: Location | None
    code: Location | None
    inputs: dict[str, dict[str, Any]]
    outputs: dict[str, dict[str, Any]]
    artifacts: Location
    timeout: float | None
    tenant: str
    notes: list[str] = field(default_factory=list)
    storage_token: str = field(default="", repr=False)
    run_token: str = field(default="", repr=False)
    managed_identity: dict[str, str] = field(default_factory=dict, repr=False)
    """The variables by which the command acts as its compute's identity; none where it has none."""

    def save(self, folder: Path) -> None:
        write_atomically(folder / FILE, json.dumps(asdict(self)))

    @classmethod
    def load(cls, folder: Path) -> Plan:
        data = json.loads((folder / FILE).read_text())
        for name in ("context", "code", "artifacts"):
            data[name] = data[name] and Location(**data[name])
        for entry in (*data["inputs"].values(), *data["outputs"].values()):
            if entry.get("location"):
                entry["location"] = Location(**entry["location"])
        return cls(**data)


def unit_name(job: ResourceId) -> str:
    """Two workspaces may have a job of the same name; a folder's name has a limit."""
    digest = hashlib.sha256(job.key.encode()).hexdigest()[:8]
    return f"job-{job.name[:60]}-{digest}"


def folder(directory: Directory, job: ResourceId) -> Path:
    """Where a job's files lie while it runs."""
    return directory.jobs / unit_name(job)

"""What the runner of a job is told: everything resolved, so that it need not ask."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource
from sandbox.directory import Directory, write_atomically
from sandbox.jobs.iso8601 import duration
from sandbox.jobs.references import References
from sandbox.login import tokens
from sandbox.ml.locations import Location, of_run
from sandbox.ml.workspaces import region_host, workspace_of

if TYPE_CHECKING:
    from datetime import timedelta

    from sandbox.azure import Azure

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


def make(azure: Azure, job: Resource) -> Plan:
    """The plan of a job as it stands. Raises 400 for a reference that points to nothing."""
    workspace = workspace_of(azure, job.id)
    properties, references = job.properties, References(azure, workspace_of(azure, job.id))
    environment = references.environment(properties)
    context = None
    if isinstance(environment, dict) and (environment.get("build") or {}).get("contextUri"):
        uri = environment["build"]["contextUri"]
        context = references.location(uri, "properties.environmentId")
    return Plan(
        name=job.name,
        experiment=properties["experimentName"],
        display_name=properties["displayName"],
        scope=str(workspace.id),
        workspace_id=workspace.private["workspace_id"],
        host=region_host(workspace),
        command=properties["command"],
        variables={
            str(key): str(value)
            for key, value in (properties.get("environmentVariables") or {}).items()
        },
        environment=environment,
        context=context,
        code=references.code(properties),
        inputs={
            name: _input(references, name, given or {})
            for name, given in (properties.get("inputs") or {}).items()
        },
        outputs={
            name: {
                "kind": output["jobOutputType"],
                "location": references.output(job.name, name, output),
            }
            for name, output in (properties.get("outputs") or {}).items()
            if name != "default"
        },
        artifacts=of_run(azure, workspace, job.name),
        timeout=_timeout(properties),
        tenant=azure.identity.tenant_id,
        notes=_notes(properties),
    )


def with_tokens(azure: Azure, job: Resource, plan: Plan, lifetime: timedelta) -> Plan:
    """Add what the runner needs to be let in, as the principal who submitted the job."""

    def token(audience: str) -> str:
        identity = azure.identity
        return tokens.mint(
            identity,
            azure.clock,
            audience=audience,
            principal_id=job.created_by or identity.principal_id,
            client_id=identity.client_id,
            lifetime=lifetime,
        )

    plan.storage_token = token(tokens.STORAGE)
    plan.run_token = token(tokens.MACHINE_LEARNING)
    return plan


def _input(references: References, name: str, given: dict[str, Any]) -> dict[str, Any]:
    kind = given["jobInputType"]
    if kind == "literal":
        return {"kind": kind, "value": str(given["value"])}
    uri = str(given["uri"])
    return {
        "kind": kind,
        "uri": uri,
        "mode": given.get("mode") or "ReadOnlyMount",
        "location": references.location(uri, f"properties.inputs.{name}.uri"),
    }


def _timeout(properties: dict[str, Any]) -> float | None:
    text = (properties.get("limits") or {}).get("timeout")
    return duration(text).total_seconds() if text else None


def _notes(properties: dict[str, Any]) -> list[str]:
    notes = []
    count = (properties.get("resources") or {}).get("instanceCount") or 1
    if properties.get("distribution") or count > 1:
        notes.append("The sandbox runs a job in one process on one node; 'distribution' and "
                     "'instance_count' are ignored.")  # fmt: skip
    return notes

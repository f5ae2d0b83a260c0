"""Makes the plan of a job out of its resource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource
from sandbox.jobs.iso8601 import duration
from sandbox.jobs.plan import Plan
from sandbox.jobs.references import References
from sandbox.login import managed, tokens
from sandbox.ml.locations import of_run
from sandbox.ml.workspaces import keyless, region_host, workspace_of

if TYPE_CHECKING:
    from datetime import timedelta

    from sandbox.azure import Azure


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
    """Add what the runner needs to be let in, as the principal who submitted the job.

    The command can also act as the identity of the compute that it runs on. So does the runner with
    data, where the workspace's datastores hold no key; where they do, the service brings them.
    """
    compute = job.properties.get("computeId")
    runs_on = azure.resources.get(ResourceId.parse(compute)) if compute else None
    own = azure.identity
    submitter = managed.Held(job.created_by or own.principal_id, own.client_id)

    def token(audience: str, holder: managed.Held) -> str:
        return tokens.mint(
            own,
            azure.clock,
            audience=audience,
            principal_id=holder.principal_id,
            client_id=holder.client_id,
            lifetime=lifetime,
        )

    data = managed.Held(own.principal_id, own.client_id)
    if keyless(workspace_of(azure, job.id)):
        data = next(iter(managed.held(runs_on) if runs_on else []), submitter)
    plan.storage_token = token(tokens.STORAGE, data)
    plan.run_token = token(tokens.MACHINE_LEARNING, submitter)
    plan.managed_identity = managed.variables(azure, runs_on, lifetime)
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

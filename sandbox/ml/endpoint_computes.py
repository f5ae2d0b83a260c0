"""Where online endpoints are served from: Azure's own machines, or an attached Kubernetes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import SUCCEEDED, Resource
from sandbox.ml.attached import kinds
from sandbox.ml.compute_parts import settings_of
from sandbox.ml.workspaces import workspace_of

if TYPE_CHECKING:
    from sandbox.azure import Azure

KUBERNETES, MANAGED = "Kubernetes", "Managed"
_ENDPOINT_KINDS = {KUBERNETES: "K8S", MANAGED: "Managed"}


def prepare_endpoint(azure: Azure, endpoint: Resource, previous: Resource | None) -> None:
    """Fill in kind and compute. Raises 400 for a compute that is not there or cannot serve."""
    properties = endpoint.properties
    before = previous.properties.get("compute") if previous else None
    named = properties.get("compute") or before
    if not named:
        # Who sets traffic by the SDK does not send the kind, which does not change.
        kind = previous.body.get("kind") if previous else None
        endpoint.body["kind"] = endpoint.body.get("kind") or kind or _ENDPOINT_KINDS[MANAGED]
        return
    compute = _compute(azure, endpoint, str(named))
    if previous and (before is None or before.lower() != compute.id.key):
        raise invalid(
            f"The endpoint '{endpoint.name}' is served from '{before or 'managed compute'}' and "
            f"cannot move to '{compute.name}'. Delete it and make it anew.",
            "properties.compute",
            code="PropertyChangeNotAllowed",
        )
    properties["compute"] = str(compute.id)
    endpoint.body["kind"] = _ENDPOINT_KINDS[KUBERNETES]


def _compute(azure: Azure, endpoint: Resource, named: str) -> Resource:
    workspace = workspace_of(azure, endpoint.id)
    name = named.removeprefix("azureml:")
    at = ResourceId.parse(name) if "/" in name else workspace.id.child("computes", name)
    found = azure.resources.get(at)
    if found is None or not at.within(workspace.id):
        raise invalid(
            f"The compute '{at.name}' was not found in the workspace '{workspace.name}'.",
            "properties.compute",
            code="BadRequest",
        )
    kind = str(found.properties.get("computeType"))
    if not kinds().get(kind, {}).get("endpoints"):
        raise invalid(
            f"The compute '{at.name}' is of type '{kind}', from which no endpoint is served. Name "
            "an attached Kubernetes compute.",
            "properties.compute",
            code="BadRequest",
        )
    if found.state != SUCCEEDED:
        raise invalid(
            f"The compute '{at.name}' is '{found.state}'.", "properties.compute", code="BadRequest"
        )
    return found


def prepare_deployment(azure: Azure, endpoint: Resource, deployment: Resource) -> None:
    """Fill in the kind. Raises 400 where it is not the endpoint's, or its size is none there."""
    properties = deployment.properties
    named = endpoint.properties.get("compute")
    kind = KUBERNETES if named else MANAGED
    given = properties.setdefault("endpointComputeType", kind)
    if str(given).lower() != kind.lower():
        raise invalid(
            f"The endpoint '{endpoint.name}' is of kind {_ENDPOINT_KINDS[kind]} and takes no "
            f"deployments of type '{given}'.",
            "properties.endpointComputeType",
            code="BadRequest",
        )
    if not named:
        return
    compute = azure.resources.need(named)
    inner = settings_of(compute)
    known = inner.get("instanceTypes") or {}
    asked = properties["instanceType"] = properties.get("instanceType") or inner.get(
        "defaultInstanceType"
    )
    if known and asked not in known:
        raise invalid(
            f"The compute '{compute.name}' has no instance type '{asked}'. It has: "
            f"{', '.join(known)}.",
            "properties.instanceType",
            code="BadRequest",
        )
    if not properties.get("containerResourceRequirements"):
        properties["containerResourceRequirements"] = _requirements(known.get(asked) or {})


def _requirements(instance_type: dict[str, Any]) -> dict[str, Any]:
    """What a deployment gets that asks for nothing: as much as its instance type has."""
    resources = instance_type.get("resources") or {}

    def told(name: str) -> dict[str, Any]:
        found = resources.get(name) or {}
        return {"cpu": found.get("cpu"), "memory": found.get("memory")}

    return {
        "containerResourceRequests": told("requests"),
        "containerResourceLimits": told("limits"),
    }

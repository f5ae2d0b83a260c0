"""Batch endpoints as ARM keeps them: nothing can be invoked here, and they have no deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.arm.errors import invalid
from sandbox.arm.types import Change, ResourceType
from sandbox.ml.workspaces import WORKSPACES, workspace_of
from sandbox.serving.choice import check_name, host_of

if TYPE_CHECKING:
    from sandbox.azure import Azure

BATCH_ENDPOINTS = f"{WORKSPACES}/batchEndpoints"


def _prepare(azure: Azure, change: Change) -> None:
    endpoint, properties = change.resource, change.resource.properties
    workspace = workspace_of(azure, endpoint.id)
    endpoint.body["location"] = endpoint.location or workspace.location
    if str(properties.get("authMode") or "").lower() != "aadtoken":
        raise invalid("The authMode of a batch endpoint is AADToken.", "properties.authMode")
    check_name(azure, endpoint)
    properties.setdefault("properties", {})
    properties["scoringUri"] = f"https://{host_of(endpoint)}/jobs"
    properties["swaggerUri"] = None


TYPES = [ResourceType(BATCH_ENDPOINTS, tracked=True, prepare=_prepare)]

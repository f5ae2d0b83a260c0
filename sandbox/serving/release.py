"""What a deployment runs, kept in its private part, and where its parts lie."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.arm.errors import invalid
from sandbox.arm.resource import Resource
from sandbox.jobs.iso8601 import duration
from sandbox.ml.workspaces import workspace_of
from sandbox.serving.contents import Contents

if TYPE_CHECKING:
    from sandbox.azure import Azure

DEPLOYMENTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments"
UNIT_PREFIX = "deployment-"
SERVER_LOG = "inference-server"
_STORED = "release"

# What a process of a deployment depends on; anything else changes in place.
_REVISION = (
    "model",
    "codeConfiguration",
    "environmentId",
    "environmentVariables",
    "instanceType",
    "appInsightsEnabled",
)


@dataclass(frozen=True)
class Release:
    """One revision of a deployment, ready to be started."""

    revision: str
    python: str
    cwd: str
    instances: int
    env: dict[str, str] = field(default_factory=dict)


def key(deployment: Resource) -> str:
    """Short, unique and good for a file name."""
    return hashlib.sha256(deployment.id.key.encode()).hexdigest()[:12]


def folder(azure: Azure, deployment: Resource) -> Path:
    return azure.directory.deployments / key(deployment)


def revision(deployment: Resource) -> str:
    depends = {name: deployment.properties.get(name) for name in _REVISION}
    return hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()[:8]


def instances(deployment: Resource) -> int:
    return int((deployment.body.get("sku") or {}).get("capacity") or 1)


def serving(deployment: Resource) -> Release | None:
    """What serves now; None before the first success."""
    stored = deployment.private.get(_STORED)
    return Release(**stored) if stored else None


def set_serving(deployment: Resource, release: Release) -> None:
    deployment.private[_STORED] = asdict(release)


def sockets(azure: Azure, deployment: Resource) -> list[Path]:
    """Where the instances listen that serve now."""
    release = serving(deployment)
    if release is None:
        return []
    return [socket(azure, deployment, release, number) for number in range(release.instances)]


def log(azure: Azure, deployment: Resource, release: Release, number: int) -> Path:
    return folder(azure, deployment) / release.revision / f"{SERVER_LOG}-{number}.log"


def compose(azure: Azure, deployment: Resource, contents: Contents) -> Release:
    """What the processes are to be started with, out of the deployment and its contents."""
    endpoint = deployment.id.parent
    env = {
        "AML_APP_ROOT": str(contents.code),
        "AZUREML_ENTRY_SCRIPT": contents.script,
        "SERVICE_NAME": endpoint.name if endpoint else "",
        "WORKSPACE_NAME": deployment.id.names[0],
        "SUBSCRIPTION": deployment.id.subscription,
        "RESOURCE_GROUP": deployment.id.group or "",
        "AZUREML_DEPLOYMENT_NAME": deployment.name,
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    if contents.models:
        env["AZUREML_MODEL_DIR"] = str(contents.models)
    env |= _telemetry(azure, deployment)
    variables = deployment.properties.get("environmentVariables") or {}
    env |= {name: str(value) for name, value in variables.items()}
    return Release(
        revision=revision(deployment),
        python=str(contents.python),
        cwd=str(contents.code),
        instances=instances(deployment),
        env=env,
    )


def _telemetry(azure: Azure, deployment: Resource) -> dict[str, str]:
    """Makes the inference server report to the workspace's Application Insights, if it is to."""
    if not deployment.properties.get("appInsightsEnabled"):
        return {}
    component = workspace_of(azure, deployment.id).properties.get("applicationInsights")
    found = azure.resources.get(component) if component else None
    if found is None:
        return {}
    return {
        "AML_APP_INSIGHTS_ENABLED": "true",
        "AML_APP_INSIGHTS_KEY": found.private["instrumentation"],
    }


def unit_prefix(deployment: Resource) -> str:
    """What the names of all its units begin with, of whatever revision."""
    return f"{UNIT_PREFIX}{key(deployment)}-"


def units(deployment: Resource, release: Release) -> list[str]:
    """The names of its instances' units."""
    stem = f"{unit_prefix(deployment)}{release.revision}"
    return [f"{stem}-{number}" for number in range(release.instances)]


def socket(azure: Azure, deployment: Resource, release: Release, number: int) -> Path:
    return azure.directory.sockets / f"{key(deployment)}-{release.revision}-{number}"


def seconds(text: str | None, default: float) -> float:
    """Of a probe or a timeout in ISO 8601; raises ArmError 400 for what is no duration."""
    if not text:
        return default
    try:
        return duration(text).total_seconds()
    except ValueError as error:
        raise invalid(f"{error}.") from None

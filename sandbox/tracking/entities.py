"""Azure ML's models in MLflow's words: registered models and model versions."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sandbox.arm.resource import Resource
from sandbox.ml import assets
from sandbox.tracking.addresses import Artifacts

if TYPE_CHECKING:
    from sandbox.azure import Azure

Entity = dict[str, Any]

STAGES = ("None", "Staging", "Production", "Archived")


def model(azure: Azure, container: Resource) -> Entity:
    """A registered model."""
    return {
        "name": container.name,
        "creation_timestamp": _milliseconds(container.created),
        "last_updated_timestamp": _milliseconds(container.modified),
        "description": container.properties.get("description") or "",
        "latest_versions": latest(azure, container),
        "tags": _pairs(container),
        "aliases": [
            {"alias": alias, "version": number} for alias, number in aliases(container).items()
        ],
    }


def latest(azure: Azure, container: Resource) -> list[Entity]:
    """The newest version of each stage."""
    newest: dict[str, Entity] = {}
    for item in assets.versions(azure, container.id):
        if not item.properties.get("isArchived"):
            seen = version(azure, item)
            newest[seen["current_stage"]] = seen
    return list(newest.values())


def version(azure: Azure, item: Resource) -> Entity:
    """A model version."""
    properties, private = item.properties, item.private
    container = azure.resources.get(item.id.parent) if item.id.parent else None
    named = aliases(container) if container else {}
    stage = properties.get("stage")
    return {
        "name": item.id.names[1],
        "version": item.name,
        "creation_timestamp": _milliseconds(item.created),
        "last_updated_timestamp": _milliseconds(item.modified),
        "user_id": item.created_by,
        "current_stage": stage if stage in STAGES else "None",
        "description": properties.get("description") or "",
        "source": private.get("source") or by_name(item),
        "run_id": private.get("run_id") or properties.get("jobName") or "",
        "run_link": private.get("run_link") or "",
        "model_id": private.get("model_id") or "",
        "status": "READY",
        "tags": _pairs(item),
        "aliases": [alias for alias, number in named.items() if number == item.name],
    }


def aliases(container: Resource) -> dict[str, str]:
    """Alias to version."""
    return dict(container.private.get("aliases") or {})


def by_name(item: Resource) -> str:
    """The address of a model version's files which knows nothing of where they are."""
    return Artifacts(name=item.id.names[1], version=item.name).stored


def _pairs(resource: Resource) -> list[dict[str, str]]:
    tags = resource.properties.get("tags") or {}
    return [{"key": key, "value": str(value)} for key, value in tags.items()]


def _milliseconds(moment: datetime | None) -> int:
    return int(moment.timestamp() * 1000) if moment else 0

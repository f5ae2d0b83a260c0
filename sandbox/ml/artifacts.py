"""Artifacts of runs, logged models and registered models, as the azureml client asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import ArmError
from sandbox.arm.resource import Resource
from sandbox.ml.blobs import Blobs, signed
from sandbox.ml.locations import Location, check_path, of_run
from sandbox.ml.models import location as model_location
from sandbox.tracking import runs
from sandbox.tracking.addresses import REGISTERED

if TYPE_CHECKING:
    from sandbox.azure import Azure

ORIGIN = "ExperimentRun"
WRITE, READ = "racw", "r"


def place_of(azure: Azure, workspace: Resource, experiment: str, run_id: str) -> Location:
    """Where a run's artifacts lie. Raises 404 for a run that the workspace has not."""
    if experiment == REGISTERED:
        name, _, version = run_id.partition(":")
        at = workspace.id.child("models", name).child("versions", version)
        return model_location(azure, azure.resources.need(at))
    if azure.resources.get(workspace.id.child("jobs", run_id)) is None and not runs.known(
        azure, workspace.private["workspace_id"], run_id
    ):
        raise ArmError(404, "UserError", f"The run '{run_id}' was not found.", "RunId")
    return of_run(azure, workspace, run_id)


async def listing(azure: Azure, place: Location, run_id: str, below: str) -> dict[str, Any]:
    """Every artifact under a path."""
    found = await Blobs(azure).below(place)
    names = [blob.name.removeprefix(place.path).lstrip("/") for blob in found]
    inside = f"{below.strip('/')}/" if below.strip("/") else ""
    return {"value": [_entry(run_id, name) for name in names if name.startswith(inside)]}


def content(azure: Azure, place: Location, run_id: str, path: str, permissions: str) -> Any:
    """One artifact with an address that its bytes can be read from or written to."""
    if not path.strip("/"):
        raise ArmError(400, "UserError", "An artifact's path is needed.", "path")
    check_path(path, "path")
    entry = _entry(run_id, path)
    entry.pop("artifactId")
    return {**entry, "contentUri": signed(azure, place.join(path), permissions)}


def announce(azure: Azure, place: Location, run_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """Addresses to write to, for each path that is about to be uploaded. Raises 400."""
    given = body.get("paths") or []
    if not all(isinstance(item, dict) and "path" in item for item in given):
        raise ArmError(400, "UserError", "'paths' must be a list of {'path': …}.", "paths")
    paths = [str(item["path"]) for item in given]
    return {
        "artifacts": {path: _entry(run_id, path) for path in paths},
        "artifactContentInformation": {
            path: content(azure, place, run_id, path, WRITE) for path in paths
        },
        "errors": {},
    }


def _entry(run_id: str, path: str) -> dict[str, Any]:
    container = f"dcid.{run_id}"
    return {
        "artifactId": f"{ORIGIN}/{container}/{path}",
        "origin": ORIGIN,
        "container": container,
        "path": path,
    }

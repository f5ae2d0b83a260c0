"""Where bytes lie: Azure ML's addresses resolved to a container's path.

Addresses: ``azureml://datastores/STORE/paths/P`` (also in the long form with subscription, group
and workspace), ``azureml://jobs/JOB/outputs/NAME[/paths/P]``, ``runs:/RUN/P``,
``azureml://artifacts/ORIGIN/CONTAINER/P``, ``https://ACCOUNT.blob.core.windows.net/…``. Artifacts
of a run lie in the datastore ``workspaceartifactstore`` below ``ExperimentRun/dcid.RUN/``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from sandbox.arm.errors import invalid
from sandbox.arm.resource import Resource

if TYPE_CHECKING:
    from sandbox.azure import Azure

ARTIFACT_STORE = "workspaceartifactstore"
DEFAULT_STORE = "workspaceblobstore"

_DATASTORE = re.compile(
    r"azureml:/+(subscriptions/(?P<subscription>[^/]+)/resource[gG]roups/(?P<group>[^/]+)/"
    r"(providers/Microsoft\.MachineLearningServices/)?workspaces/(?P<workspace>[^/]+)/)?"
    r"datastores/(?P<store>[^/]+)/paths/(?P<path>.*)",
    re.IGNORECASE,
)
_OUTPUT = re.compile(
    r"azureml:/+jobs/(?P<job>[^/]+)/outputs/(?P<name>[^/]+)(/paths/?(?P<path>.*))?/?", re.IGNORECASE
)
_ARTIFACT = re.compile(r"azureml:/+artifacts/(?P<path>[^/]+/[^/]+.*)", re.IGNORECASE)
_RUN = re.compile(r"runs:/+(?P<run>[^/]+)(/(?P<path>.*))?")
_BLOB = re.compile(r"(?P<account>[a-z0-9]+)\.blob\.core\.windows\.net")


@dataclass(frozen=True)
class Location:
    """A path in a blob container; `path` has no slash in front. `store` is the datastore's name."""

    account: str
    container: str
    path: str
    store: str = ""

    def join(self, path: str) -> Location:
        """Below this one."""
        return replace(self, path="/".join(filter(None, (self.path.strip("/"), path.strip("/")))))

    @property
    def url(self) -> str:
        return f"https://{self.account}.blob.core.windows.net/{self.container}/{self.path}"


def check_path(address: str, target: str | None = None) -> None:
    """Raises 400 where an address tries to climb out of its place."""
    plain = unquote(unquote(address)).replace("\\", "/")
    if any(part in ("..", ".") for part in plain.split("/")) or "\x00" in plain:
        raise invalid(f"The path '{address}' must not contain '.' or '..' segments.", target)


def on_disk(folder: Path, name: str) -> Path:
    """Where a blob of that name goes below a folder. Raises ValueError where it would lead out."""
    target = (folder / name.lstrip("/")).resolve()
    if not target.is_relative_to(folder.resolve()):
        raise ValueError(f"the blob '{name}' has a path that leads out of its folder")
    return target


def in_datastore(
    azure: Azure, workspace: Resource, store: str, path: str, target: str | None = None
) -> Location:
    """Raises 400 for a datastore that is not there or holds no blobs."""
    check_path(path, target)
    datastore = azure.resources.get(workspace.id.child("datastores", store))
    if datastore is None:
        raise invalid(
            f"The datastore '{store}' was not found in the workspace '{workspace.name}'.", target
        )
    container = datastore.properties.get("containerName") or datastore.properties.get("filesystem")
    if not container:
        raise invalid(
            f"The datastore '{store}' is of type {datastore.properties['datastoreType']}; "
            "the sandbox reads and writes blob datastores only.",
            target,
        )
    return Location(datastore.properties["accountName"], container, path.lstrip("/"), store)


def of_run(azure: Azure, workspace: Resource, run_id: str, path: str = "") -> Location:
    """A run's artifacts; also those of a logged model, by its id."""
    prefix = in_datastore(azure, workspace, ARTIFACT_STORE, f"ExperimentRun/dcid.{run_id}")
    check_path(path)
    return prefix.join(path)


def resolve(azure: Azure, workspace: Resource, address: str, target: str | None = None) -> Location:
    """The place that an address means. Raises 400 for one that points to nothing."""
    check_path(address, target)
    if match := _DATASTORE.fullmatch(address):
        named = match["workspace"]
        if named and named.lower() != workspace.name.lower():
            raise invalid(f"'{address}' belongs to another workspace, '{named}'.", target)
        return in_datastore(azure, workspace, match["store"], match["path"], target)
    if match := _OUTPUT.fullmatch(address):
        return _output(azure, workspace, match["job"], match["name"], match["path"] or "", target)
    if match := _ARTIFACT.fullmatch(address):
        return in_datastore(azure, workspace, ARTIFACT_STORE, match["path"], target)
    if match := _RUN.fullmatch(address):
        return of_run(azure, workspace, match["run"], match["path"] or "")
    parts = urlsplit(address)
    host = _BLOB.fullmatch(parts.netloc)
    container, _, path = unquote(parts.path).lstrip("/").partition("/")
    if parts.scheme in ("https", "wasbs") and host and container:
        return Location(host["account"], container, path)
    raise invalid(f"'{address}' is not an address that Azure ML knows.", target)


def _output(
    azure: Azure, workspace: Resource, job: str, name: str, path: str, target: str | None
) -> Location:
    found = azure.resources.get(workspace.id.child("jobs", job))
    if found is None:
        raise invalid(f"The job '{job}' was not found in '{workspace.name}'.", target)
    if name in ("artifacts", "default"):
        return of_run(azure, workspace, job, path)
    outputs = found.properties.get("outputs") or {}
    if name not in outputs:
        raise invalid(f"The job '{job}' has no output '{name}'.", target)
    uri = (outputs[name] or {}).get("uri")
    if uri:
        return resolve(azure, workspace, uri.replace("${{name}}", job), target).join(path)
    default = in_datastore(azure, workspace, DEFAULT_STORE, f"azureml/{job}/{name}", target)
    return default.join(path)


def long_address(workspace: Resource, location: Location) -> str:
    """The full ``azureml://`` address of what lies in a datastore, else its blob's."""
    if not location.store:
        return location.url
    at = workspace.id
    return (
        f"azureml://subscriptions/{at.subscription}/resourcegroups/{at.group}/workspaces/{at.name}"
        f"/datastores/{location.store}/paths/{location.path}"
    )

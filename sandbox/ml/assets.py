"""Assets: code, data, environments and components, each a container of versions.

A version's content does not change once it is registered; its tags and description may. Archiving
is ``isArchived``, so it needs nothing of its own.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sandbox.arm.answers import Response, render
from sandbox.arm.errors import ArmError, conflict, invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource
from sandbox.arm.routes import Route
from sandbox.arm.types import Action, Body, Change, ResourceType
from sandbox.blob import containers
from sandbox.ml.blobs import signed
from sandbox.ml.locations import Location, check_path, long_address, resolve
from sandbox.ml.workspaces import WORKSPACES, workspace_of

if TYPE_CHECKING:
    from sandbox.azure import Azure

CODES = f"{WORKSPACES}/codes"
DATA = f"{WORKSPACES}/data"
ENVIRONMENTS = f"{WORKSPACES}/environments"
COMPONENTS = f"{WORKSPACES}/components"

UPLOAD_PERMISSIONS = "racwdl"
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_.]{0,254}")


def versions(azure: Azure, container: ResourceId) -> list[Resource]:
    """The versions of an asset, oldest first."""
    return azure.resources.children(container, f"{container.type}/versions")


def latest(azure: Azure, container: ResourceId) -> Resource | None:
    """The version registered last that is not archived: what ``@latest`` means."""
    active = [item for item in versions(azure, container) if not item.properties.get("isArchived")]
    return active[-1] if active else None


def next_version(azure: Azure, container: ResourceId) -> str:
    """One more than the highest that is a number."""
    numbers = [int(item.name) for item in versions(azure, container) if item.name.isdigit()]
    return str(max(numbers, default=0) + 1)


def view_container(azure: Azure, container: Resource, body: Body) -> None:
    newest = latest(azure, container.id)
    body["properties"].setdefault("isArchived", False)
    body["properties"].setdefault("tags", {})
    body["properties"].setdefault("properties", {})
    body["properties"]["latestVersion"] = newest.name if newest else None
    body["properties"]["nextVersion"] = next_version(azure, container.id)


def _view_data(azure: Azure, container: Resource, body: Body) -> None:
    view_container(azure, container, body)
    registered = versions(azure, container.id)
    if registered:
        body["properties"]["dataType"] = registered[-1].properties["dataType"]


def check_names(change: Change) -> None:
    """Raises 400 for an asset's name or version that the service refuses."""
    name, version = change.resource.id.names[-2:]
    for value, target in ((name, "name"), (version, "version")):
        if not NAME.fullmatch(value):
            raise invalid(
                f"'{value}' is not a valid asset {target}: letters, digits, '-', '_' and '.', "
                "starting with a letter or digit, at most 255.",
                target,
            )


def complete(change: Change) -> None:
    """Defaults of all versions; a PUT that leaves tags out keeps them."""
    properties = change.resource.properties
    old: dict[str, Any] = change.previous.properties if change.previous else {}
    for key in ("tags", "properties"):
        if properties.get(key) is None:
            properties[key] = dict(old.get(key) or {})
    for key in ("isAnonymous", "isArchived"):
        if properties.get(key) is None:
            properties[key] = bool(old.get(key, False))


def refuse_change(change: Change, path: str, message: str) -> None:
    """Raises 400 where `path` of a registered version would get another value."""
    if change.previous is None:
        return
    old, new = change.previous.properties.get(path), change.resource.properties.get(path)
    if new is None and old is not None:
        change.resource.properties[path] = old
    elif new != old:
        raise ArmError(400, "UserError", message, f"properties.{path}")


def refuse_other(change: Change, *paths: str) -> None:
    """Raises 409 for another content under a registered version.

    The official client waits for that status: it registers the next version then.
    """
    if change.previous is None:
        return
    old, new = change.previous.properties, change.resource.properties
    for path in paths:
        if (old.get(path) or None) != (new.get(path) or None):
            asset, version = change.resource.id.names[-2:]
            raise conflict(
                f"'{asset}:{version}' exists with another '{path}', which cannot be changed. "
                "Register a new version.",
                "UserError",
            )


def resolved(azure: Azure, resource: Resource, path: str) -> None:
    """Check that the address in `path` points into a place that is there, and write it in full.

    Raises 400. Addresses outside of the workspace's storage stay as they are.
    """
    uri = str(resource.properties.get(path) or "")
    target = f"properties.{path}"
    if not uri:
        raise invalid(f"'{target}' must name a place.", target)
    check_path(uri, target)
    if re.match(r"(https?|abfss|adl|wasbs?)://", uri, re.IGNORECASE):
        return
    workspace = workspace_of(azure, resource.id)
    location = resolve(azure, workspace, uri, target)
    resource.properties[path] = long_address(workspace, location)


def _prepare_code(azure: Azure, change: Change) -> None:
    check_names(change)
    resolved(azure, change.resource, "codeUri")
    refuse_change(change, "codeUri", "The code asset path is immutable.")
    complete(change)


def _prepare_data(azure: Azure, change: Change) -> None:
    check_names(change)
    resolved(azure, change.resource, "dataUri")
    refuse_change(change, "dataUri", "Asset paths cannot be updated.")
    refuse_change(change, "dataType", "The type of a data asset cannot be changed.")
    complete(change)


def _prepare_environment(azure: Azure, change: Change) -> None:
    check_names(change)
    properties = change.resource.properties
    build = properties.get("build")
    if build:
        workspace = workspace_of(azure, change.resource.id)
        target = "properties.build.contextUri"
        context = str(build.get("contextUri") or "")
        check_path(context, target)
        if context.startswith("azureml:"):
            resolve(azure, workspace, context, target)
    elif not (properties.get("image") or properties.get("condaFile")):
        raise invalid(
            "An environment needs an image, a conda file or a build context.", "properties.image"
        )
    refuse_other(change, "image", "condaFile", "build")
    properties.setdefault("osType", "Linux")
    properties.setdefault("environmentType", "UserCreated")
    complete(change)


def _prepare_component(_azure: Azure, change: Change) -> None:
    check_names(change)
    refuse_other(change, "componentSpec")
    complete(change)


def _view_version(_azure: Azure, _version: Resource, body: Body) -> None:
    body["properties"]["provisioningState"] = "Succeeded"


def _by_hash(
    azure: Azure, parent: ResourceId, found: list[Resource], request: Request
) -> list[Resource]:
    """A code of the same content, whatever its name: it need not be uploaded again."""
    wanted = request.query.get("hash")
    if not wanted:
        return found
    version = request.query.get("hashversion", "")
    workspace = workspace_of(azure, parent)

    def same(code: Resource) -> bool:
        facts = code.properties.get("properties") or {}
        fits = not version or str(facts.get("hash_version", version)) == version
        return code.id.within(workspace.id) and facts.get("hash_sha256") == wanted and fits

    return [code for code in azure.resources.list(f"{CODES}/versions") if same(code)][-1:]


async def _start_upload(azure: Azure, version: Resource, request: Request) -> dict[str, Any]:
    """A container of its own for what is about to be uploaded, with leave to write there."""
    workspace = workspace_of(azure, version.id)
    storage = azure.resources.need(workspace.properties["storageAccount"])
    # The same version gets the same container again, so a repeated call leaves no litter.
    upload = uuid.uuid5(uuid.UUID(workspace.private["workspace_id"]), version.id.key)
    place = Location(storage.name, f"{upload}", "")
    await containers.create_container(azure, place.account, place.container)
    return {
        "pendingUploadId": str(upload),
        "pendingUploadType": (request.body or {}).get("pendingUploadType")
        or "TemporaryBlobReference",
        "blobReferenceForConsumption": {
            "blobUri": replace(place, path="").url.rstrip("/"),
            "storageAccountArmId": str(storage.id),
            "credential": {
                "credentialType": "SAS",
                "sasUri": signed(azure, place, UPLOAD_PERMISSIONS),
            },
        },
    }


def _default_component(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    """``versions/azureml_default``: what a component without a version means, the latest one."""
    container = ResourceId.parse(match["component"])
    azure.authorization.check(request.principal, container, f"{COMPONENTS}/versions/read")
    found = latest(azure, container)
    if found is None:
        found = azure.resources.need(container.child("versions", match["version"]))
    return Response(200, render(azure, found))


_UPLOAD = {"startPendingUpload": Action(_start_upload, unstored=True)}

TYPES = [
    ResourceType(CODES, versioned=True, delete_status=200, view=view_container),
    ResourceType(
        f"{CODES}/versions",
        delete_status=200,
        prepare=_prepare_code,
        select=_by_hash,
        view=_view_version,
        actions=_UPLOAD,
    ),
    ResourceType(DATA, versioned=True, delete_status=200, view=_view_data),
    ResourceType(f"{DATA}/versions", delete_status=200, prepare=_prepare_data, view=_view_version),
    ResourceType(ENVIRONMENTS, versioned=True, delete_status=200, view=view_container),
    ResourceType(
        f"{ENVIRONMENTS}/versions",
        delete_status=200,
        prepare=_prepare_environment,
        view=_view_version,
    ),
    ResourceType(COMPONENTS, versioned=True, delete_status=200, view=view_container),
    ResourceType(
        f"{COMPONENTS}/versions", delete_status=200, prepare=_prepare_component, view=_view_version
    ),
]

ROUTES = [
    Route(
        "GET",
        r"(?P<component>.+/workspaces/[^/]+/components/[^/]+)/versions/(?P<version>azureml_default)",
        _default_component,
    ),
]

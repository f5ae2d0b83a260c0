"""Assets in a registry: kept in its own storage account, shared by the workspaces that use it.

Clients reach them by the registry's name alone: the discovery document leads to the data plane, and
that (``mferp/managementfrontend``) to the same resources as ARM.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from sandbox.arm.answers import Response
from sandbox.arm.errors import ArmError, invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource
from sandbox.arm.routes import Route
from sandbox.arm.types import Body, Change, ResourceType
from sandbox.arm.writes import squeeze
from sandbox.blob import containers
from sandbox.ml.assets import (
    UPLOAD_PERMISSIONS,
    check_names,
    complete,
    refuse_change,
    refuse_other,
    view_container,
)
from sandbox.ml.blobs import signed
from sandbox.ml.locations import Location, check_path
from sandbox.ml.registries import REGISTRIES, account_of

if TYPE_CHECKING:
    from sandbox.azure import Azure

FRONT = "/mferp/managementfrontend"
"""Under which the data plane serves the resources of registries."""
READ_PERMISSIONS = "rl"
# Kind of asset -> the property that says where its bytes lie; None: it has none.
_PLACES = {
    "codes": "codeUri",
    "components": None,
    "data": "dataUri",
    "environments": None,
    "models": "modelUri",
}
_CONTENT = {"components": ("componentSpec",), "environments": ("image", "condaFile", "build")}


def discovery(azure: Azure, name: str) -> Body:
    """Where a registry is, for everybody who knows its name. Raises 404."""
    for registry in azure.resources.list(REGISTRIES):
        if registry.name.lower() == name.lower():
            return _whereabouts(azure, registry)
    raise ArmError(404, "RegistryNotFound", f"There is no registry '{name}' in this sandbox.")


def _whereabouts(azure: Azure, registry: Resource) -> Body:
    regions = [squeeze(region["location"]) for region in registry.properties["regionDetails"]]
    own = squeeze(registry.location)
    return {
        "registryName": registry.name,
        "subscriptionId": registry.id.subscription,
        "resourceGroup": registry.id.group,
        "location": own,
        "primaryRegion": own,
        "primaryRegionResourceProviderUri": f"https://{own}.api.azureml.ms/",
        "resourceId": str(registry.id),
        "tenantId": azure.identity.tenant_id,
        "registryFqdns": {
            region: {"uri": f"https://{region}.api.azureml.ms"} for region in regions
        },
    }


def _registry_of(azure: Azure, asset: ResourceId) -> Resource:
    return azure.resources.need(ResourceId(asset.scope, REGISTRIES, asset.names[:1]))


def _place(registry: Resource, uri: str, target: str) -> Location:
    """Raises 400 for what does not lie in the registry's own account."""
    check_path(uri, target)
    parts = urlsplit(uri)
    account = account_of(registry)
    container, _, path = unquote(parts.path).lstrip("/").partition("/")
    if parts.netloc != f"{account}.blob.core.windows.net" or not container:
        raise invalid(
            f"'{uri}' does not lie in the registry '{registry.name}': upload it first, to the "
            "place that 'tempdatarefs' gives.",
            target,
        )
    return Location(account, container, path)


def _prepare(azure: Azure, change: Change) -> None:
    asset, kind = change.resource, change.resource.type.split("/")[-2]
    check_names(change)
    place = _PLACES[kind]
    if place:
        uri = str(asset.properties.get(place) or "")
        if not uri and change.previous:
            uri = asset.properties[place] = change.previous.properties[place]
        registry = _registry_of(azure, asset.id)
        asset.properties[place] = _place(registry, uri, f"properties.{place}").url
        refuse_change(change, place, "Asset paths cannot be updated.")
    refuse_other(change, *_CONTENT.get(kind, ()))
    complete(change)
    if kind == "models":
        asset.properties["modelType"] = asset.properties.get("modelType") or "custom_model"
        asset.properties["flavors"] = asset.properties.get("flavors") or {}


def _view(_azure: Azure, asset: Resource, body: Body) -> None:
    body["id"] = _address(asset)
    body["properties"]["provisioningState"] = "Succeeded"


def _view_container(azure: Azure, container: Resource, body: Body) -> None:
    view_container(azure, container, body)
    body["id"] = _address(container)


def _address(asset: Resource) -> str:
    """How assets of registries are called: by the registry's name, wherever it is."""
    kinds = asset.type.split("/")[1:]
    pairs = zip(kinds, asset.id.names, strict=True)
    return "azureml:/" + "".join(f"/{kind}/{name}" for kind, name in pairs)


def _asset(azure: Azure, request: Request, match: re.Match[str], verb: str) -> Resource:
    """The registry that a request about an asset's bytes is for. Raises 403, 404."""
    at = ResourceId.parse(match["registry"])
    azure.authorization.check(request.principal, at, f"{REGISTRIES}/assets/{verb}")
    return azure.resources.need(at)


async def _upload_place(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    """A container for what is about to be uploaded; the same again for the same version."""
    registry = _asset(azure, request, match, "write")
    asset = str((request.body or {}).get("assetId") or f"{match['name']}/{match['version']}")
    upload = uuid.uuid5(uuid.UUID(registry.private["id"]), asset.lower())
    place = Location(account_of(registry), str(upload), "")
    await containers.create_container(azure, place.account, place.container)
    return Response(200, _reference(azure, place, UPLOAD_PERMISSIONS))


def _download_place(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    registry = _asset(azure, request, match, "read")
    place = _place(registry, str((request.body or {}).get("blobUri") or ""), "blobUri")
    return Response(200, _reference(azure, replace(place, path=""), READ_PERMISSIONS))


def _reference(azure: Azure, place: Location, permissions: str) -> Body:
    credential: dict[str, Any] = {
        "credentialType": "SAS",
        "sasUri": signed(azure, place, permissions),
    }
    return {
        "blobReferenceForConsumption": {
            "blobUri": place.url.rstrip("/"),
            "credential": credential,
        }
    }


TYPES = [
    kind
    for name in _PLACES
    for kind in (
        ResourceType(
            f"{REGISTRIES}/{name}", versioned=True, delete_status=200, view=_view_container
        ),
        ResourceType(
            f"{REGISTRIES}/{name}/versions", delete_status=200, prepare=_prepare, view=_view
        ),
    )
]
_REGISTRY = r"(?P<registry>/subscriptions/.+/registries/[^/]+)"
ROUTES = [
    Route(
        "PUT",
        rf"{_REGISTRY}/tempdatarefs/(?P<name>[^/]+)/versions/(?P<version>[^/]+)",
        _upload_place,
    ),
    Route("POST", rf"{_REGISTRY}/datarefs/(?P<name>[^/]+)/versions/[^/]+", _download_place),
]

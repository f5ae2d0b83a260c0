"""Azure ML registries: in each region an account and a container registry, in a group of their own.

That group is the service's: it comes and goes with the registry.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sandbox.arm.errors import invalid
from sandbox.arm.ids import GROUP, ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import SUCCEEDED, Resource
from sandbox.arm.types import Body, Change, ResourceType
from sandbox.arm.writes import squeeze
from sandbox.resources.registries import REGISTRIES as CONTAINER_REGISTRIES
from sandbox.resources.storage import ACCOUNTS

if TYPE_CHECKING:
    from sandbox.azure import Azure

REGISTRIES = "Microsoft.MachineLearningServices/registries"
_ACCOUNT = "systemCreatedStorageAccount"
_IMAGES = "systemCreatedAcrAccount"


def _prepare(_azure: Azure, change: Change) -> None:
    registry, properties = change.resource, change.resource.properties
    registry.private.setdefault("id", str(uuid.uuid4()))
    properties["publicNetworkAccess"] = properties.get("publicNetworkAccess") or "Enabled"
    regions = properties.get("regionDetails") or []
    names = [squeeze(str(region.get("location") or "")) for region in regions]
    if squeeze(registry.location) not in names:
        raise invalid(
            f"'properties.regionDetails' must have the registry's own region, "
            f"'{registry.location}'.",
            "properties.regionDetails",
        )
    if len(set(names)) < len(names):
        raise invalid("A region stands twice.", "properties.regionDetails")
    old = change.previous.properties.get("regionDetails") or [] if change.previous else []
    missing = {squeeze(region["location"]) for region in old} - set(names)
    if missing:
        raise invalid(
            f"The region '{missing.pop()}' cannot be left out: remove it by 'removeRegions'.",
            "properties.regionDetails",
        )
    for region in regions:
        _complete(registry, region)
    host = f"{squeeze(registry.location)}.api.azureml.ms"
    properties |= {
        "managedResourceGroup": {"resourceId": str(_managed(registry))},
        "discoveryUrl": f"https://{host}/registrymanagement/v1.0/registries/{registry.name}"
        "/discovery",
        "mlFlowRegistryUri": f"azureml://{host}/mlflow/v1.0{registry.id}",
    }


def account_of(registry: Resource) -> str:
    """The storage account in the registry's own region, where assets lie."""
    for region in registry.properties["regionDetails"]:
        if squeeze(region["location"]) == squeeze(registry.location):
            return str(region["storageAccountDetails"][0][_ACCOUNT]["storageAccountName"])
    raise ValueError(f"'{registry.id}' has no account in its own region")


def _managed(registry: Resource) -> ResourceId:
    """The group of what the service makes."""
    scope = f"/subscriptions/{registry.id.subscription}"
    return ResourceId(scope, GROUP, (f"azureml-rg-{registry.name}_{registry.private['id']}",))


def _complete(registry: Resource, region: Body) -> None:
    """Name what a region is to have, which may be left out altogether."""
    short = "".join(char for char in registry.name.lower() if char.isalnum())[:10]
    unique = uuid.uuid5(uuid.UUID(registry.private["id"]), squeeze(region["location"])).hex[:10]
    accounts = region["storageAccountDetails"] = region.get("storageAccountDetails") or [{}]
    for details in accounts:
        made: Body = details.setdefault(_ACCOUNT, {})
        made.setdefault("storageAccountName", f"{short}{unique}")
        made.setdefault("storageAccountType", "Standard_LRS")
        made.setdefault("storageAccountHnsEnabled", False)
        made.setdefault("allowBlobPublicAccess", False)
        at = _managed(registry).child(ACCOUNTS, made["storageAccountName"])
        made["armResourceId"] = {"resourceId": str(at)}
    images = region["acrDetails"] = region.get("acrDetails") or [{}]
    for details in images:
        made = details.setdefault(_IMAGES, {})
        made.setdefault("acrAccountName", f"{short}{unique}")
        if made.setdefault("acrAccountSku", "Premium") != "Premium":
            raise invalid(
                "The container registry of a registry is Premium.",
                "properties.regionDetails.acrDetails",
            )
        at = _managed(registry).child(CONTAINER_REGISTRIES, made["acrAccountName"])
        made["armResourceId"] = {"resourceId": str(at)}


async def _provision(azure: Azure, registry: Resource) -> None:
    group = _managed(registry)
    if azure.resources.get(group) is None:
        body = {
            "location": registry.location,
            "tags": dict(registry.body.get("tags") or {}),
            "managedBy": str(registry.id),
            "properties": {"provisioningState": SUCCEEDED},
        }
        azure.resources.save(Resource(group, body))
    for region in registry.properties["regionDetails"]:
        for details in region["storageAccountDetails"]:
            made = details[_ACCOUNT]
            body = {
                "kind": "StorageV2",
                "sku": {"name": made["storageAccountType"]},
                "properties": {"allowBlobPublicAccess": made["allowBlobPublicAccess"]},
            }
            await _make(azure, registry, made["armResourceId"]["resourceId"], region, body)
        for details in region["acrDetails"]:
            made = details[_IMAGES]
            body = {"sku": {"name": made["acrAccountSku"]}, "properties": {}}
            await _make(azure, registry, made["armResourceId"]["resourceId"], region, body)


async def _make(
    azure: Azure, registry: Resource, identifier: str, region: Body, body: Body
) -> None:
    if azure.resources.get(identifier):
        return
    tags = dict(registry.body.get("tags") or {})
    made = Resource(
        ResourceId.parse(identifier), {"location": region["location"], "tags": tags, **body}
    )
    kind = azure.types.of(made)
    if kind.prepare:
        kind.prepare(azure, Change(made, None, Request("PUT", identifier, {}, {})))
    made.state = SUCCEEDED
    azure.resources.save(made)
    if kind.provision:
        await kind.provision(azure, made)


async def _remove(azure: Azure, registry: Resource) -> None:
    group = azure.resources.get(_managed(registry))
    if group is None:
        return
    below = azure.resources.list(group=group.id)
    for item in [*(item for item in below if item.id.parent == group.id), group]:
        await azure.effects.delete_tree(item, purge=True)


TYPES = [
    ResourceType(
        REGISTRIES,
        tracked=True,
        unique="RegistryNameTaken",
        prepare=_prepare,
        provision=_provision,
        remove=_remove,
    ),
]

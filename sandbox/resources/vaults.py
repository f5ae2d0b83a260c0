"""Key vaults: soft deletion, recovery, purge. The secrets in them are `sandbox.vault`'s."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sandbox.arm.answers import Response, page
from sandbox.arm.deleted import Deleted
from sandbox.arm.errors import ArmError, invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource
from sandbox.arm.routes import Route
from sandbox.arm.types import Body, Change, ResourceType
from sandbox.resources import private_links
from sandbox.vault.keys import Keys
from sandbox.vault.secrets import Secrets

if TYPE_CHECKING:
    from sandbox.azure import Azure

VAULTS = "Microsoft.KeyVault/vaults"
_READ_DELETED = "Microsoft.KeyVault/locations/deletedVaults/read"
SOFT_DELETE_DAYS = 90  # "Azure Key Vault soft-delete overview": 7 to 90, default 90


def _prepare(azure: Azure, change: Change) -> None:
    properties = change.resource.properties
    properties.pop("createMode", None)
    if properties.get("tenantId") not in (None, azure.identity.tenant_id):
        raise invalid(
            f"'properties.tenantId' must be the subscription's tenant "
            f"'{azure.identity.tenant_id}'.",
            "properties.tenantId",
        )
    properties.setdefault("enableSoftDelete", True)
    properties.setdefault("softDeleteRetentionInDays", SOFT_DELETE_DAYS)
    properties.setdefault("enableRbacAuthorization", False)
    properties.setdefault("accessPolicies", [])
    properties.setdefault("publicNetworkAccess", "Enabled")
    if change.previous and change.previous.properties.get("enablePurgeProtection"):
        if properties.get("enablePurgeProtection") is False:
            raise invalid(
                "The property 'enablePurgeProtection' cannot be set to false: once on, it stays.",
                "properties.enablePurgeProtection",
            )
        properties["enablePurgeProtection"] = True


def _view(azure: Azure, vault: Resource, body: Body) -> None:
    private_links.show(azure, vault, body)
    body["properties"]["vaultUri"] = f"https://{vault.name}.vault.azure.net/"


async def _purge(azure: Azure, kept: list[Resource]) -> None:
    for kind in (Secrets, Keys):
        kind(azure.store, azure.clock).forget(kept[0].id.key)


def _deleted_view(deleted: Deleted) -> dict[str, Any]:
    vault = deleted.resource
    properties = {
        "vaultId": str(vault.id),
        "location": vault.location,
        "tags": vault.body.get("tags") or {},
        "deletionDate": deleted.deleted_at.isoformat(),
        "scheduledPurgeDate": deleted.purge_at.isoformat(),
        "purgeProtectionEnabled": deleted.protected,
    }
    return {
        "id": f"/subscriptions/{vault.id.subscription}/providers/Microsoft.KeyVault/locations/"
        f"{vault.location}/deletedVaults/{vault.name}",
        "name": vault.name,
        "type": "Microsoft.KeyVault/deletedVaults",
        "properties": properties,
    }


def _find(azure: Azure, match: re.Match[str]) -> Deleted:
    name, deleted = match["name"], azure.deleted.named(VAULTS, match["name"])
    if deleted is None or not _lies_in(match, deleted):
        raise ArmError(404, "DeletedVaultNotFound", f"The deleted vault '{name}' was not found.")
    return deleted


def _lies_in(match: re.Match[str], deleted: Deleted) -> bool:
    return deleted.resource.id.within(ResourceId.parse(match["subscription"]))


def _list(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    found = [
        item
        for item in azure.deleted.list(VAULTS)
        if _lies_in(match, item)
        and azure.authorization.allows(request.principal, item.resource.id, _READ_DELETED)
    ]
    return page(request, [_deleted_view(item) for item in found])


def _get(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    deleted = _find(azure, match)
    azure.authorization.check(request.principal, deleted.resource.id, _READ_DELETED)
    return Response(200, _deleted_view(deleted))


async def _purge_now(azure: Azure, request: Request, match: re.Match[str]) -> Response:
    deleted = _find(azure, match)
    azure.authorization.check(
        request.principal,
        deleted.resource.id,
        "Microsoft.KeyVault/locations/deletedVaults/purge/action",
    )
    await azure.deleted.purge(deleted)
    return Response(200)


TYPES = [
    ResourceType(
        VAULTS,
        tracked=True,
        unique="VaultAlreadyExists",
        needs=("properties.networkAcls.virtualNetworkRules[].id",),
        soft_delete_days=SOFT_DELETE_DAYS,
        recovers=lambda body: (body.get("properties") or {}).get("createMode") == "recover",
        create_status=200,
        delete_status=200,
        prepare=_prepare,
        view=_view,
        purge=_purge,
    ),
]
_BASE = r"(?P<subscription>/subscriptions/[^/]+)/providers/microsoft\.keyvault"
_ONE = rf"{_BASE}/locations/[^/]+/deletedvaults/(?P<name>[^/]+)"
ROUTES = [
    Route("GET", rf"{_BASE}/deletedvaults", _list),
    Route("GET", _ONE, _get),
    Route("POST", rf"{_ONE}/purge", _purge_now),
]

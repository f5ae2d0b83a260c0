"""Storage accounts with their containers; the blobs themselves are Azurite's."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import SUCCEEDED, Resource
from sandbox.arm.types import Action, Body, Change, ResourceType
from sandbox.blob import accounts, containers
from sandbox.blob.access import refresh, takes_keys
from sandbox.resources import customer_keys, private_links

if TYPE_CHECKING:
    from sandbox.azure import Azure

ACCOUNTS = "Microsoft.Storage/storageAccounts"
BLOB_SERVICES = f"{ACCOUNTS}/blobServices"
FILE_SERVICES = f"{ACCOUNTS}/fileServices"
CONTAINERS = f"{BLOB_SERVICES}/containers"
SHARES = f"{FILE_SERVICES}/shares"
_KEY_BYTES = 64
_ENDPOINTS = ("blob", "queue", "table", "file", "dfs")


def account_keys(account: Resource) -> list[str]:
    """Both keys, base64."""
    return list(account.private["keys"])


def opening_keys(account: Resource) -> list[str]:
    """Those that storage takes: of an account that takes no keys, two that nobody is told, with
    which the service itself signs addresses.
    """
    return account_keys(account) if takes_keys(account) else list(account.private["unshown"])


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def _prepare(azure: Azure, change: Change) -> None:
    account = change.resource
    for name in ("keys", "unshown"):
        account.private.setdefault(name, [_new_key(), _new_key()])
    sku = account.body.get("sku")
    if sku:
        sku["tier"] = str(sku["name"]).split("_")[0]
    customer_keys.check_storage(azure, account)


async def _provision(azure: Azure, account: Resource) -> None:
    await accounts.put_account(azure, account.name, opening_keys(account))
    refresh(azure)
    for kind in ("blobServices", "fileServices", "queueServices"):
        service = account.id.child(kind, "default")
        if azure.resources.get(service) is None:
            azure.resources.save(Resource(service, {"properties": {}}))


async def _remove(azure: Azure, account: Resource) -> None:
    await accounts.remove_account(azure, account.name)
    refresh(azure, without=account.id)


def _view(azure: Azure, account: Resource, body: Body) -> None:
    name = account.name
    private_links.show(azure, account, body)
    body["properties"]["primaryEndpoints"] = {
        kind: f"https://{name}.{kind}.core.windows.net/" for kind in _ENDPOINTS
    }
    body["properties"]["primaryLocation"] = account.location
    body["properties"]["statusOfPrimary"] = "available"
    if account.created:
        body["properties"]["creationTime"] = account.created.isoformat()


def _list_keys(_azure: Azure, account: Resource, _request: Request) -> dict[str, Any]:
    names = ("key1", "key2")
    return {
        "keys": [
            {"keyName": name, "value": key, "permissions": "FULL"}
            for name, key in zip(names, account_keys(account), strict=True)
        ]
    }


async def _regenerate_key(azure: Azure, account: Resource, request: Request) -> dict[str, Any]:
    name = (request.body or {}).get("keyName")
    if name not in ("key1", "key2"):
        raise invalid("'keyName' must be 'key1' or 'key2'.", "keyName")
    account.private["keys"][("key1", "key2").index(name)] = _new_key()
    azure.resources.save(account)
    await accounts.put_account(azure, account.name, opening_keys(account))
    return _list_keys(azure, account, request)


async def _provision_container(azure: Azure, container: Resource) -> None:
    await containers.create_container(azure, container.id.names[0], container.name)


async def _remove_container(azure: Azure, container: Resource) -> None:
    account = ResourceId(container.id.scope, ACCOUNTS, container.id.names[:1])
    holder = azure.resources.get(account)
    if holder and holder.state == SUCCEEDED:
        await containers.delete_container(azure, account.name, container.name)


TYPES = [
    ResourceType(
        ACCOUNTS,
        tracked=True,
        unique="StorageAccountAlreadyTaken",
        needs=("properties.networkAcls.virtualNetworkRules[].id",),
        create_status=200,
        delete_status=200,
        prepare=_prepare,
        provision=_provision,
        remove=_remove,
        view=_view,
        actions={"listKeys": Action(_list_keys), "regenerateKey": Action(_regenerate_key)},
    ),
    ResourceType(BLOB_SERVICES, states=False, create_status=200),
    ResourceType(FILE_SERVICES, states=False, create_status=200),
    ResourceType(
        CONTAINERS,
        states=False,
        synchronous=True,
        delete_status=200,
        provision=_provision_container,
        remove=_remove_container,
    ),
    ResourceType(SHARES, states=False, delete_status=200),
]

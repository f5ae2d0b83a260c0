"""Datastores: named places in storage. Secrets go in and are answered only by ``listSecrets``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import ArmError, invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource
from sandbox.arm.types import Action, Body, Change, ResourceType
from sandbox.ml.workspaces import WORKSPACES
from sandbox.resources.storage import ACCOUNTS, account_keys

if TYPE_CHECKING:
    from sandbox.azure import Azure

DATASTORES = f"{WORKSPACES}/datastores"
ONELAKE = "onelake.dfs.fabric.microsoft.com"


def storage_account(azure: Azure, name: str) -> Resource | None:
    """The account of that name, wherever in the subscription."""
    for account in azure.resources.list(ACCOUNTS):
        if account.name == name:
            return account
    return None


def _prepare(azure: Azure, change: Change) -> None:
    properties = change.resource.properties
    if change.request.query.get("skipvalidation", "").lower() != "true":
        _validate(azure, properties)
    credentials = properties.setdefault("credentials", {"credentialsType": "None"})
    secrets = credentials.pop("secrets", None)
    if secrets:
        change.resource.private["secrets"] = secrets
    elif credentials.get("credentialsType", "None") == "None":
        change.resource.private.pop("secrets", None)
    properties.setdefault("isDefault", False)
    if "accountName" in properties:
        properties.setdefault("endpoint", "core.windows.net")
        properties.setdefault("protocol", "https")
    elif properties["datastoreType"] == "OneLake":
        properties.setdefault("endpoint", ONELAKE)
    if properties["isDefault"]:
        _only_default(azure, change.resource)


def _validate(azure: Azure, properties: dict[str, Any]) -> None:
    """What the service looks at unless it is told to skip it: whether the account is there.

    Raises 400. Stores of Gen1 and lakehouses lie where nothing of a sandbox can be.
    """
    name = properties.get("accountName")
    if not name:
        return
    account = storage_account(azure, name)
    subscription, group = properties.get("subscriptionId"), properties.get("resourceGroup")
    if account is None or (subscription and account.id.subscription != subscription):
        raise invalid(f"The storage account '{name}' was not found.", "properties.accountName")
    if group and str(account.id.group).lower() != group.lower():
        raise invalid(
            f"The storage account '{name}' is not in the resource group '{group}'.",
            "properties.resourceGroup",
        )


def _only_default(azure: Azure, chosen: Resource) -> None:
    parent = chosen.id.parent
    for other in azure.resources.children(str(parent), DATASTORES):
        if other.properties.get("isDefault") and other.id.key != chosen.id.key:
            other.properties["isDefault"] = False
            azure.resources.save(other)


def _list_secrets(azure: Azure, datastore: Resource, _request: Request) -> dict[str, Any]:
    kind = datastore.properties["credentials"].get("credentialsType", "None")
    if kind == "None":
        raise ArmError(
            400,
            "UserError",
            f"The datastore '{datastore.name}' has no credentials: it is accessed by identity.",
        )
    secrets = datastore.private.get("secrets")
    if secrets is None:  # of the workspace's own datastores: the account's key as it is now
        account = storage_account(azure, datastore.properties["accountName"])
        if account is None:
            raise ArmError(
                400,
                "UserError",
                f"The storage account '{datastore.properties['accountName']}' of the datastore "
                f"'{datastore.name}' does not exist any more.",
            )
        return {"secretsType": "AccountKey", "key": account_keys(account)[0]}
    return {"secretsType": kind, **secrets}


def _select(
    _azure: Azure, _parent: ResourceId, found: list[Resource], request: Request
) -> list[Resource]:
    default = request.query.get("isdefault", "").lower()
    if default not in ("true", "false"):
        return found
    return [item for item in found if bool(item.properties.get("isDefault")) is (default == "true")]


def _refuse_delete(_azure: Azure, datastore: Resource, _request: Request) -> None:
    if datastore.properties.get("isDefault"):
        raise ArmError(
            409, "UserError", f"'{datastore.name}' is the workspace's default datastore."
        )


def _view(_azure: Azure, _datastore: Resource, body: Body) -> None:
    body["properties"].setdefault("tags", {})


TYPES = [
    ResourceType(
        DATASTORES,
        delete_status=200,
        prepare=_prepare,
        refuse_delete=_refuse_delete,
        select=_select,
        view=_view,
        actions={"listSecrets": Action(_list_secrets)},
    ),
]

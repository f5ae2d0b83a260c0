"""Azure ML workspaces: what they stand on, their default datastores, the registry made lazily."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import SUCCEEDED, Resource
from sandbox.arm.types import Action, Body, Change, ResourceType
from sandbox.blob import containers
from sandbox.ml import outbound_rules
from sandbox.resources import customer_keys, private_links
from sandbox.resources.registries import REGISTRIES
from sandbox.resources.storage import ACCOUNTS, account_keys

if TYPE_CHECKING:
    from sandbox.azure import Azure

WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
SOFT_DELETE_DAYS = 14  # "Recover workspace data while soft deleted", Microsoft Learn
# azure-ai-ml's template gives these as strings.
_BOOLEANS = (
    "hbiWorkspace",
    "provisionNetworkNow",
    "enableDataIsolation",
    "allowRoleAssignmentOnRG",
    "softDeleteEnabled",
    "allowRecoverSoftDeletedWorkspace",
)
KINDS = ("Default", "FeatureStore")
"""Clients spell them in any case. Hubs and projects stand on other things than these do."""
_NEEDS = {
    "storageAccount": ACCOUNTS,
    "keyVault": "Microsoft.KeyVault/vaults",
    "applicationInsights": "Microsoft.Insights/components",
    "containerRegistry": REGISTRIES,
}
# What the workspace's own identity does with these while the workspace is made.
_NEEDED = {
    "storageAccount": "Microsoft.Storage/storageAccounts/blobServices/containers/write",
    "keyVault": "Microsoft.KeyVault/vaults/read",
    "applicationInsights": "Microsoft.Insights/components/read",
    "containerRegistry": "Microsoft.ContainerRegistry/registries/read",
}


def workspace_of(azure: Azure, child: ResourceId) -> Resource:
    """The workspace that a job, a datastore or anything else below it belongs to."""
    return azure.resources.need(ResourceId(child.scope, WORKSPACES, child.names[:1]))


def keyless(workspace: Resource) -> bool:
    """Whether its own datastores are reached by identity, not by the account's key."""
    return str(workspace.properties.get("systemDatastoresAuthMode")).lower() == "identity"


def region_host(workspace: Resource) -> str:
    """The data plane's host in the workspace's region."""
    return f"{workspace.location.replace(' ', '').lower()}.api.azureml.ms"


def _prepare(azure: Azure, change: Change) -> None:
    workspace, properties = change.resource, change.resource.properties
    workspace.private.setdefault("workspace_id", str(uuid.uuid4()))
    workspace.body.setdefault("kind", "Default")
    workspace.body.setdefault("sku", {"name": "Basic", "tier": "Basic"})
    if change.previous and properties.get("containerRegistry") is None:
        # Made lazily by the service: a PUT that does not mention it keeps it.
        registry = change.previous.properties.get("containerRegistry")
        if registry:
            properties["containerRegistry"] = registry
    if str(workspace.body["kind"]).lower() not in (kind.lower() for kind in KINDS):
        raise invalid(
            f"The sandbox has no workspaces of kind '{workspace.body['kind']}', only of "
            f"{' and '.join(KINDS)}.",
            "kind",
            code="UnsupportedWorkspaceKind",
        )
    for name in ("storageAccount", "keyVault"):
        if not properties.get(name):
            raise invalid(f"A workspace needs 'properties.{name}'.", f"properties.{name}")
    for name, kind in _NEEDS.items():
        target = properties.get(name)
        if target and ResourceId.parse(target).type.lower() != kind.lower():
            raise invalid(f"'{target}' is not a '{kind}'.", f"properties.{name}")
    if not workspace.body.get("identity"):
        raise invalid("A workspace needs an identity.", "identity", code="MissingIdentity")
    properties.setdefault("friendlyName", workspace.name)
    properties.setdefault("publicNetworkAccess", "Enabled")
    properties.setdefault("hbiWorkspace", False)
    properties.setdefault("v1LegacyMode", False)
    # azure-ai-ml's template gives empty strings for what was left out.
    properties["systemDatastoresAuthMode"] = (
        properties.get("systemDatastoresAuthMode") or "AccessKey"
    )
    customer_keys.check_workspace(azure, workspace)
    outbound_rules.prepare(azure, change)


def _check_identity(azure: Azure, workspace: Resource) -> None:
    """A system-assigned identity gets its roles from the service, a user-assigned one must have
    them: "Set up service authentication", Microsoft Learn. Raises 403 where one is not seen (yet).
    To a registry of its own making the service goes as that registry's admin user.
    """
    primary = workspace.properties.get("primaryUserAssignedIdentity")
    if not primary:
        return
    principal = azure.resources.need(primary).properties["principalId"]
    for name, action in _NEEDED.items():
        target = workspace.properties.get(name)
        if target and target != workspace.private.get("made_registry"):
            azure.authorization.check(principal, ResourceId.parse(target), action)


async def _provision(azure: Azure, workspace: Resource) -> None:
    _check_identity(azure, workspace)
    storage = azure.resources.need(workspace.properties["storageAccount"])
    workspace_id = workspace.private["workspace_id"]
    credentials = "None" if keyless(workspace) else "AccountKey"
    share = f"azureml-filestore-{workspace_id}"
    stores = {
        "workspaceblobstore": ("AzureBlob", {"containerName": f"azureml-blobstore-{workspace_id}"}),
        "workspaceartifactstore": ("AzureBlob", {"containerName": "azureml"}),
        "workspacefilestore": ("AzureFile", {"fileShareName": share}),
        "workspaceworkingdirectory": ("AzureFile", {"fileShareName": f"code-{workspace_id}"}),
    }
    for name, (kind, place) in stores.items():
        if "containerName" in place:
            await containers.create_container(azure, storage.name, place["containerName"])
        at = workspace.id.child("datastores", name)
        if azure.resources.get(at):
            continue
        properties: dict[str, Any] = {
            "datastoreType": kind,
            "accountName": storage.name,
            "endpoint": "core.windows.net",
            "protocol": "https",
            "isDefault": name == "workspaceblobstore",
            "credentials": {"credentialsType": credentials},
            "serviceDataAccessAuthIdentity": "None",
            "subscriptionId": storage.id.subscription,
            "resourceGroup": storage.id.group,
            "isArchived": False,
            "tags": {},
            "provisioningState": SUCCEEDED,
            **place,
        }
        azure.resources.save(Resource(at, {"properties": properties}))
    await outbound_rules.provision(azure, workspace)


async def _remove(azure: Azure, workspace: Resource) -> None:
    outbound_rules.remove(azure, workspace)


def _recovers(body: Body) -> bool:
    return bool((body.get("properties") or {}).get("allowRecoverSoftDeletedWorkspace"))


async def _purge(azure: Azure, kept: list[Resource]) -> None:
    from sandbox.tracking.runs import delete_workspace

    await delete_workspace(azure, kept[0].private["workspace_id"])


def _view(azure: Azure, workspace: Resource, body: Body) -> None:
    host, workspace_id = region_host(workspace), workspace.private["workspace_id"]
    body["properties"] |= {
        "workspaceId": workspace_id,
        "tenantId": azure.identity.tenant_id,
        "mlFlowTrackingUri": f"azureml://{host}/mlflow/v1.0{workspace.id}",
        "discoveryUrl": f"https://{host}/discovery",
        "storageHnsEnabled": False,
        "privateLinkCount": len(
            azure.resources.children(workspace.id, f"{WORKSPACES}/{private_links.CONNECTIONS}")
        ),
    }
    outbound_rules.show(azure, workspace, body)
    private_links.show(azure, workspace, body)
    if workspace.created:
        body["properties"]["creationTime"] = workspace.created.isoformat()


def _list_keys(azure: Azure, workspace: Resource, _request: Request) -> dict[str, Any]:
    properties = workspace.properties
    storage = azure.resources.need(properties["storageAccount"])
    keys: dict[str, Any] = {
        "userStorageKey": account_keys(storage)[0],
        "userStorageResourceId": str(storage.id),
    }
    component = properties.get("applicationInsights")
    insights = azure.resources.get(component) if component else None
    if insights:
        keys["appInsightsInstrumentationKey"] = insights.private["instrumentation"]
    return keys


def _storage_keys(azure: Azure, workspace: Resource, _request: Request) -> dict[str, Any]:
    storage = azure.resources.need(workspace.properties["storageAccount"])
    return {"userStorageKey": account_keys(storage)[0]}


def _diagnose(azure: Azure, workspace: Resource, _request: Request) -> dict[str, Any]:
    """Whether what the workspace stands on is still there."""
    results: dict[str, list[dict[str, str]]] = {}
    names = {
        "storageAccount": "storageAccountResults",
        "keyVault": "keyVaultResults",
        "applicationInsights": "applicationInsightsResults",
        "containerRegistry": "containerRegistryResults",
    }
    for name, key in names.items():
        target = workspace.properties.get(name)
        results[key] = []
        if target and azure.resources.get(target) is None:
            message = f"The workspace's {name} '{target}' does not exist."
            results[key] = [{"code": "ResourceNotFound", "level": "Error", "message": message}]
    return {"value": results}


async def _resync(_azure: Azure, _workspace: Resource) -> None:
    """Keys are read from the account whenever they are needed: there is nothing to copy."""


def needs_image(environment: object) -> bool:
    """Whether Azure builds an image for the properties of an environment's version."""
    return isinstance(environment, dict) and bool(
        environment.get("condaFile") or environment.get("build")
    )


def ensure_registry(azure: Azure, workspace: Resource) -> Resource:
    """The workspace's container registry, made when the first image is built, as Azure does."""
    known = workspace.properties.get("containerRegistry")
    found = azure.resources.get(known) if known else None
    if found:
        return found
    digest = hashlib.sha256(workspace.id.key.encode()).hexdigest()[:12]
    group = workspace.id.group_id
    if group is None:
        raise invalid(f"'{workspace.id}' is not in a resource group.")
    at = group.child(
        REGISTRIES, f"{workspace.private['workspace_id'].replace('-', '')[:20]}{digest}"
    )
    registry = Resource(
        at,
        {
            "location": workspace.location,
            "tags": dict(workspace.body.get("tags") or {}),
            "sku": {"name": "Basic", "tier": "Basic"},
            "properties": {"adminUserEnabled": True, "provisioningState": SUCCEEDED},
        },
        {"passwords": {name: uuid.uuid4().hex for name in ("password", "password2")}},
    )
    workspace.properties["containerRegistry"] = str(at)
    workspace.private["made_registry"] = str(at)
    with azure.store.transaction():
        azure.resources.save(registry)
        azure.resources.save(workspace)
    return registry


TYPES = [
    ResourceType(
        WORKSPACES,
        tracked=True,
        soft_delete_days=SOFT_DELETE_DAYS,
        recovers=_recovers,
        create_status=200,
        needs=tuple(f"properties.{name}" for name in (*_NEEDS, "primaryUserAssignedIdentity")),
        booleans=tuple(f"properties.{name}" for name in _BOOLEANS),
        prepare=_prepare,
        provision=_provision,
        remove=_remove,
        purge=_purge,
        view=_view,
        actions={
            "listKeys": Action(_list_keys),
            "listStorageAccountKeys": Action(_storage_keys),
            "diagnose": Action(_diagnose),
            "resyncKeys": Action(effect=_resync),
            "provisionManagedNetwork": Action(effect=outbound_rules.provision_network),
        },
    ),
]

"""One environment of one workload: all its components, and the outputs that everyone else reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import pulumi

from infra.computes import Computes, ComputesArgs
from infra.datastores import Datastores, DatastoresArgs
from infra.endpoints import Endpoints, EndpointsArgs
from infra.foundation import Foundation, FoundationArgs
from infra.identities import Identities, IdentitiesArgs
from infra.names import Names
from infra.placement import tags
from infra.registry import Registry, RegistryArgs
from infra.role_assignments import Grant, RoleAssignments, RoleAssignmentsArgs
from infra.settings import Settings
from infra.storage import Account, AccountArgs
from infra.workspace import Workspace, WorkspaceArgs


@dataclass(frozen=True)
class Client:
    """Who deploys, as `azure-native:authorization:getClientConfig` tells."""

    subscription_id: str
    tenant_id: str


def declare(
    settings: Settings, names: Names, client: Client, *, recover_vault: bool = False
) -> dict[str, Any]:
    """Declare every resource of the environment; returns the stack's outputs."""
    environment = names.environment
    resource_tags = tags(settings, environment)
    protected = pulumi.ResourceOptions(protect=settings.protection)

    foundation = Foundation(
        "foundation",
        FoundationArgs(
            names=names,
            location=settings.location,
            tags=resource_tags,
            tenant_id=client.tenant_id,
            logs=settings.logs,
            vault=settings.vault,
            recover_vault=recover_vault,
            lock=settings.protection,
        ),
        protected,
    )
    placement = foundation.placement
    storage = Account(
        "storage",
        AccountArgs(
            account_name=names.storage,
            placement=placement,
            storage=settings.storage,
            containers=[datastore.container for datastore in settings.datastores.values()],
        ),
        protected,
    )
    registry = (
        Registry("registry", RegistryArgs(names.registry, placement), protected)
        if settings.registry == "on"
        else None
    )
    identities = Identities("identities", IdentitiesArgs(names, placement))
    grants = RoleAssignments(
        "workspace-roles",
        RoleAssignmentsArgs(names, _workspace_grants(foundation, storage, registry, identities)),
    )
    workspace = Workspace(
        "workspace",
        WorkspaceArgs(
            workspace_name=names.workspace,
            placement=placement,
            workspace=settings.workspace,
            storage=storage.account.id,
            vault=foundation.vault.id,
            insights=foundation.insights.id,
            identity=identities.workspace.id,
            keyless=not settings.storage.shared_keys,
            after=grants.assignments,
            registry=registry.registry.id if registry else None,
        ),
        protected,
    )
    RoleAssignments(
        "roles",
        RoleAssignmentsArgs(
            names,
            [
                *_compute_grants(storage, workspace, registry, identities),
                *_endpoint_grants(storage, registry, identities),
                *_access_grants(settings, foundation),
            ],
        ),
    )
    datastores = Datastores(
        "datastores",
        DatastoresArgs(
            placement=placement,
            workspace_name=workspace.workspace.name,
            account_name=storage.account.name,
            subscription=client.subscription_id,
            containers={key: c.name for key, c in storage.containers.items()},
            datastores=settings.datastores,
        ),
    )
    computes = Computes(
        "computes",
        ComputesArgs(
            names=names,
            placement=placement,
            tenant_id=client.tenant_id,
            workspace_name=workspace.workspace.name,
            identity=identities.compute.id,
            instances=settings.instances,
            clusters=settings.clusters,
        ),
    )
    endpoints = Endpoints(
        "endpoints",
        EndpointsArgs(
            names=names,
            placement=placement,
            workspace_name=workspace.workspace.name,
            identity=identities.endpoint.id,
            endpoints=settings.endpoints,
        ),
    )
    return {
        "environment": environment,
        "subscriptionId": client.subscription_id,
        "tenantId": client.tenant_id,
        "location": settings.location,
        "resourceGroup": foundation.group.name,
        "workspace": {
            "name": workspace.workspace.name,
            "id": workspace.workspace.id,
            "location": settings.location,
        },
        "storageAccount": storage.account.name,
        "keyVault": foundation.vault.name,
        "applicationInsights": foundation.insights.name,
        "logAnalytics": foundation.logs.name,
        "registry": registry.registry.name if registry else None,
        "datastores": {key: d.name for key, d in datastores.datastores.items()},
        "clusters": {key: c.name for key, c in computes.clusters.items()},
        "instances": {key: i.name for key, i in computes.instances.items()},
        "endpoints": {
            key: {"name": e.name, "scoringUri": e.properties.scoring_uri}
            for key, e in endpoints.endpoints.items()
        },
        "protection": settings.protection,
        "tags": resource_tags,
    }


def _grant_to(
    who: str,
    principal: pulumi.Input[str],
    key: str,
    role: str,
    scope: pulumi.Input[str],
    why: str,
) -> Grant:
    """A grant to one of the environment's own identities."""
    return Grant(f"{who}-{key}", principal, "ServicePrincipal", role, scope, why)


def _workspace_grants(
    foundation: Foundation, storage: Account, registry: Registry | None, identities: Identities
) -> list[Grant]:
    grant = partial(_grant_to, "workspace", identities.workspace.principal_id)

    grants = [
        grant(
            "storage",
            "Contributor",
            storage.account.id,
            "The workspace makes its own containers and file shares.",
        ),
        grant(
            "blobs",
            "Storage Blob Data Contributor",
            storage.account.id,
            "The workspace keeps code, logs, outputs and models in blobs.",
        ),
        grant(
            "files",
            "Storage File Data Privileged Contributor",
            storage.account.id,
            "The workspace keeps notebooks in a file share, without the account's key.",
        ),
        grant(
            "secrets",
            "Key Vault Administrator",
            foundation.vault.id,
            "The workspace keeps the secrets of its connections and endpoints in the vault.",
        ),
        grant(
            "insights",
            "Contributor",
            foundation.insights.id,
            "The workspace sends the telemetry of deployments to Application Insights.",
        ),
    ]
    if registry:
        grants.append(
            grant(
                "registry",
                "Contributor",
                registry.registry.id,
                "The workspace builds the images of environments in the registry.",
            )
        )
    return grants


def _compute_grants(
    storage: Account, workspace: Workspace, registry: Registry | None, identities: Identities
) -> list[Grant]:
    grant = partial(_grant_to, "compute", identities.compute.principal_id)

    grants = [
        grant(
            "blobs",
            "Storage Blob Data Contributor",
            storage.account.id,
            "Jobs read their inputs and write their outputs and logs.",
        ),
        grant(
            "workspace",
            "AzureML Data Scientist",
            workspace.workspace.id,
            "Jobs log metrics to the workspace's MLflow and register models.",
        ),
    ]
    if registry:
        grants.append(
            grant("registry", "AcrPull", registry.registry.id, "Nodes pull the images of jobs.")
        )
    return grants


def _endpoint_grants(
    storage: Account, registry: Registry | None, identities: Identities
) -> list[Grant]:
    grant = partial(_grant_to, "endpoint", identities.endpoint.principal_id)

    grants = [
        grant(
            "blobs",
            "Storage Blob Data Reader",
            storage.account.id,
            "Deployments fetch their model and scoring code.",
        )
    ]
    if registry:
        grants.append(
            grant("registry", "AcrPull", registry.registry.id, "Deployments pull their image.")
        )
    return grants


def _access_grants(settings: Settings, foundation: Foundation) -> list[Grant]:
    return [
        Grant(
            f"access-{key}-{role.lower().replace(' ', '-')}",
            access.principal,
            access.type,
            role,
            foundation.group.id,
            f"`access.{key}` in the stack file.",
        )
        for key, access in settings.access.items()
        for role in access.roles
    ]

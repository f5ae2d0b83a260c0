"""One environment of one workload: all its components, and the outputs that everyone else reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi

from infra.computes import Computes, ComputesArgs
from infra.connections import Connections, ConnectionsArgs
from infra.datastores import Datastores, DatastoresArgs, containers, homes, shares
from infra.endpoints import Endpoints, EndpointsArgs
from infra.foundation import Foundation, FoundationArgs
from infra.grants import (
    access_grants,
    compute_grants,
    data_grants,
    endpoint_grants,
    workspace_grants,
)
from infra.identities import Identities, IdentitiesArgs
from infra.names import Names
from infra.placement import tags
from infra.registry import Registry, RegistryArgs
from infra.role_assignments import RoleAssignments, RoleAssignmentsArgs
from infra.role_definitions import RoleDefinitions, RoleDefinitionsArgs
from infra.secrets import Read, Secrets
from infra.settings import Settings
from infra.storage import Account, AccountArgs
from infra.workspace import Workspace, WorkspaceArgs


@dataclass(frozen=True)
class Client:
    """Who deploys, as `azure-native:authorization:getClientConfig` tells."""

    subscription_id: str
    tenant_id: str


def declare(
    settings: Settings,
    names: Names,
    client: Client,
    *,
    read_secret: Read,
    recover_vault: bool = False,
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
            containers=containers(settings.datastores, "blob"),
            shares=shares(settings.datastores),
        ),
        protected,
    )
    filesystems = containers(settings.datastores, "gen2")
    lake = (
        Account(
            "lake",
            AccountArgs(
                account_name=names.lake,
                placement=placement,
                storage=settings.storage.model_copy(update={"shared_keys": False}),
                containers=filesystems,
                hierarchical=True,
            ),
            protected,
        )
        if filesystems
        else None
    )
    data = homes(settings.datastores, client.subscription_id, placement, storage, lake)
    secrets = Secrets(environment, foundation.vault.name, foundation.vault.id, read_secret)
    registry = (
        Registry("registry", RegistryArgs(names.registry, placement), protected)
        if settings.registry == "on"
        else None
    )
    identities = Identities("identities", IdentitiesArgs(names, placement))
    grants = RoleAssignments(
        "workspace-roles",
        RoleAssignmentsArgs(names, workspace_grants(foundation, storage, registry, identities)),
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
    definitions = RoleDefinitions(
        "role-definitions",
        RoleDefinitionsArgs(
            names,
            foundation.group.id,
            [role for access in settings.access.values() for role in access.named],
        ),
    )
    scopes = {
        "resource_group": foundation.group.id,
        "workspace": workspace.workspace.id,
        "storage": storage.account.id,
        "vault": foundation.vault.id,
    }
    RoleAssignments(
        "roles",
        RoleAssignmentsArgs(
            names,
            [
                *compute_grants(storage, workspace, registry, identities),
                *endpoint_grants(storage, registry, identities),
                *data_grants(settings.datastores, data, identities),
                *access_grants(settings, names, scopes),
            ],
            {role: d.id for role, d in definitions.definitions.items()},
        ),
    )
    datastores = Datastores(
        "datastores",
        DatastoresArgs(
            placement=placement,
            tenant_id=client.tenant_id,
            workspace_name=workspace.workspace.name,
            secrets=secrets,
            homes=data,
            datastores=settings.datastores,
        ),
    )
    connections = Connections(
        "connections",
        ConnectionsArgs(
            placement=placement,
            tenant_id=client.tenant_id,
            workspace_name=workspace.workspace.name,
            identity_id=identities.compute.id,
            identity_client_id=identities.compute.client_id,
            secrets=secrets,
            connections=settings.connections,
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
        "lake": lake.account.name if lake else None,
        "datastores": {key: d.name for key, d in datastores.datastores.items()},
        "connections": {key: c.name for key, c in connections.connections.items()},
        "clusters": {key: c.name for key, c in computes.clusters.items()},
        "instances": {key: i.name for key, i in computes.instances.items()},
        "endpoints": {
            key: {"name": e.name, "scoringUri": e.properties.scoring_uri}
            for key, e in endpoints.endpoints.items()
        },
        "protection": settings.protection,
        "tags": resource_tags,
    }

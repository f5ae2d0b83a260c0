"""One environment of one workload: all its components, and the outputs that everyone else reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pulumi

from infra.attached import Attached, AttachedArgs
from infra.batch_endpoints import BatchEndpoints, BatchEndpointsArgs
from infra.computes import Computes, ComputesArgs
from infra.connection_approval import approval_grants
from infra.connections import Connections, ConnectionsArgs
from infra.datastores import Datastores, DatastoresArgs, containers, homes, shares
from infra.encryption import CustomerKeyArgs, customer_key
from infra.endpoints import Endpoints, EndpointsArgs
from infra.firewall import Firewall
from infra.foundation import Foundation, FoundationArgs
from infra.grants import (
    access_grants,
    compute_grants,
    data_grants,
    endpoint_grants,
    own_grants,
    system_grants,
    workspace_grants,
)
from infra.identities import Identities, IdentitiesArgs
from infra.kubernetes import Kubernetes, KubernetesArgs
from infra.locks import Locks
from infra.names import Names
from infra.network import Network, NetworkArgs
from infra.oversight import Parts, oversee
from infra.placement import tags
from infra.private_endpoints import PrivateEndpoints, PrivateEndpointsArgs
from infra.registry import Registry, RegistryArgs
from infra.role_assignments import RoleAssignments, RoleAssignmentsArgs
from infra.role_definitions import RoleDefinitions, RoleDefinitionsArgs
from infra.secrets import Read, Secrets
from infra.settings import Settings, image_builder, registry_is_made, registry_sku
from infra.storage import Account, AccountArgs
from infra.workspace import Workspace, WorkspaceArgs


@dataclass(frozen=True)
class Client:
    """Who deploys, as `azure-native:authorization:getClientConfig` tells."""

    subscription_id: str
    tenant_id: str


def names_of(settings: Settings, subscription: str, environment: str) -> Names:
    """By the rules, or what a team calls them, or what was there before."""
    return Names(
        subscription,
        settings.workload,
        environment,
        settings.existing.resource_group or settings.names.resource_group,
        settings.names.workspace,
    )


def declare(
    settings: Settings,
    names: Names,
    client: Client,
    *,
    read_secret: Read,
    recover_vault: bool = False,
    versioned_key: str | None = None,
    today: date | None = None,
) -> dict[str, Any]:
    """Declare every resource of the environment; returns the stack's outputs.

    `versioned_key` is the address of `encryption.key` with its version of now. `today` decides in
    which month a new budget begins, None: the machine's clock does.
    """
    environment = names.environment
    resource_tags = tags(settings, environment)
    protected = pulumi.ResourceOptions(protect=settings.protection)
    firewall = Firewall(not settings.network.private, settings.network.allowed_ips)

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
            existing=settings.existing,
            firewall=firewall,
        ),
        protected,
    )
    placement = foundation.placement
    key, key_granted = customer_key(
        CustomerKeyArgs(names, placement, settings.encryption, foundation.vault, versioned_key)
    )
    storage = Account(
        "storage",
        AccountArgs(
            account_name=names.storage,
            placement=placement,
            storage=settings.storage,
            containers=containers(settings.datastores, "blob"),
            shares=shares(settings.datastores),
            firewall=firewall,
            key=key,
            after=key_granted,
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
                firewall=firewall,
                key=key,
                after=key_granted,
            ),
            protected,
        )
        if filesystems
        else None
    )
    data = homes(settings.datastores, client.subscription_id, placement, storage, lake)
    secrets = Secrets(environment, foundation.vault.name, foundation.vault.id, read_secret)
    registry = (
        Registry(
            "registry",
            RegistryArgs(
                names.registry,
                placement,
                registry_sku(settings),
                settings.registry,
                firewall,
                key,
                key_granted,
            ),
            protected,
        )
        if registry_is_made(settings)
        else None
    )
    # Of the registry that the service makes itself, only the group is known.
    images = registry.registry.id if registry else foundation.group.id
    # What the workspace stands on, by the names of private-links.yaml.
    services = {"storage": storage.account.id, "vault": foundation.vault.id}
    if registry:
        services["registry"] = registry.registry.id
    if lake:
        services["lake"] = lake.account.id
    if settings.protection:
        kept = {} if settings.existing.logs else {"logs": foundation.logs.id}
        Locks("locks", {**services, **kept})
    network = (
        Network(
            "network",
            NetworkArgs(names, placement, settings.network, ["workspace", *services]),
            protected,
        )
        if settings.network.private
        else None
    )
    identities = Identities("identities", IdentitiesArgs(names, placement))
    grants = RoleAssignments(
        "workspace-roles",
        RoleAssignmentsArgs(
            names,
            [
                *workspace_grants(foundation, storage, registry, identities),
                *approval_grants(settings.network, services, identities),
            ],
        ),
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
            after=[*grants.assignments, *key_granted],
            registry=registry.registry.id if registry else None,
            network=settings.network,
            compute_subnet=network.compute_subnet if network else None,
            image_builder=image_builder(settings),
            key=key,
        ),
        protected,
    )
    if network:
        PrivateEndpoints(
            "private-endpoints",
            PrivateEndpointsArgs(
                names,
                placement,
                network.endpoints_subnet,
                network.zones,
                {"workspace": workspace.workspace.id, **services},
            ),
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
                *own_grants(workspace, identities),
                *compute_grants(storage, workspace, images, identities),
                *endpoint_grants(storage, workspace, images, identities),
                *data_grants(
                    settings.datastores,
                    data,
                    {
                        "workspace": identities.workspace.principal_id,
                        "compute": identities.compute.principal_id,
                    },
                ),
                *access_grants(settings, names, scopes, identities.endpoint.id),
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
            subnet=network.compute_subnet if network else None,
            private_nodes=settings.network.private,
        ),
    )
    RoleAssignments(
        "compute-roles",
        RoleAssignmentsArgs(
            names,
            system_grants(
                computes.principals, settings.datastores, data, storage, workspace, images
            ),
        ),
    )
    kubernetes = Kubernetes(
        "kubernetes",
        KubernetesArgs(
            names=names,
            placement=placement,
            tenant_id=client.tenant_id,
            workspace_name=workspace.workspace.name,
            identity=identities.compute.id,
            workspace_principal=identities.workspace.principal_id,
            clusters=settings.kubernetes,
            subnet=network.kubernetes_subnet if network else None,
            registry=images,
        ),
    )
    attached = Attached(
        "attached",
        AttachedArgs(
            names=names,
            placement=placement,
            workspace_name=workspace.workspace.name,
            identity=identities.compute.id,
            secrets=secrets,
            attached=settings.attached,
            subnet=network.compute_subnet if network else None,
        ),
    )
    endpoints = Endpoints(
        "endpoints",
        EndpointsArgs(
            names=names,
            placement=placement,
            workspace_name=workspace.workspace.name,
            identity=identities.endpoint.id,
            public=not settings.network.private,
            endpoints=settings.endpoints,
            computes={key: compute.id for key, compute in kubernetes.computes.items()},
        ),
    )
    batch_endpoints = BatchEndpoints(
        "batch-endpoints",
        BatchEndpointsArgs(names, placement, workspace.workspace.name, settings.batch_endpoints),
    )
    oversight = oversee(
        settings,
        names,
        placement,
        Parts(
            group=foundation.group.id,
            logs=foundation.logs.id,
            workspace=workspace.workspace.id,
            vault=foundation.vault.id,
            account=storage.account.id,
            account_name=storage.account.name,
            container_registry=registry.registry.id if registry else None,
            endpoints={key: e.id for key, e in endpoints.endpoints.items()},
            lake=lake.account.id if lake else None,
            network=network,
            kubernetes={key: c.id for key, c in kubernetes.clusters.items()},
        ),
        today or datetime.now(UTC).date(),
    )
    return {
        "kind": settings.kind,
        "environment": environment,
        "subscriptionId": client.subscription_id,
        "tenantId": client.tenant_id,
        "location": settings.location,
        "resourceGroup": foundation.group.name,
        "ownsResourceGroup": settings.existing.resource_group is None,
        "virtualNetwork": network.id if network else None,
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
        "kubernetes": {key: k.name for key, k in kubernetes.computes.items()},
        "attached": {key: a.name for key, a in attached.computes.items()},
        "endpoints": {
            key: {"name": e.name, "scoringUri": e.properties.scoring_uri}
            for key, e in endpoints.endpoints.items()
        },
        "batchEndpoints": {key: e.name for key, e in batch_endpoints.endpoints.items()},
        **oversight,
        "protection": settings.protection,
        "tags": resource_tags,
    }

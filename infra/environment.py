"""One environment of one workload: all its components, and the outputs that everyone else reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pulumi

from infra.associated import Associated, AssociatedArgs, associate
from infra.connection_approval import approval_grants
from infra.contents import ContentsArgs, fill
from infra.datastores import Home, homes
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
from infra.key_vault import Read, Refuse
from infra.names import Names
from infra.node_counts import Counts
from infra.oversight import Parts, oversee
from infra.private_endpoints import PrivateEndpoints, PrivateEndpointsArgs, studio_grants
from infra.role_assignments import Grant, RoleAssignments, RoleAssignmentsArgs
from infra.role_definitions import RoleDefinitions, RoleDefinitionsArgs
from infra.settings import FaultsError, Settings, image_builder
from infra.workspace import Workspace, WorkspaceArgs


@dataclass(frozen=True)
class Client:
    """Who deploys, as `azure-native:authorization:getClientConfig` tells."""

    subscription_id: str
    tenant_id: str


def names_of(settings: Settings, subscription: str, environment: str) -> Names:
    """By the rules, or what a team calls them, or what was there before."""
    own = settings.names.model_dump(exclude_none=True)
    if settings.existing.resource_group:
        own["resource_group"] = settings.existing.resource_group
    return Names(subscription, settings.workload, environment, own)


def declare(
    settings: Settings,
    names: Names,
    client: Client,
    *,
    read_secret: Read,
    refuse: Refuse = FaultsError,
    recover_vault: bool = False,
    versioned_key: str | None = None,
    node_counts: Mapping[str, Counts] | None = None,
    today: date | None = None,
) -> dict[str, Any]:
    """Declare every resource of the environment; returns the stack's outputs.

    `refuse` makes what the program ends with out of what is wrong with secrets in the vault.
    `versioned_key` is the address of `encryption.key` with its version of now, `node_counts` how
    many nodes Kubernetes clusters have now. `today` decides in which month a new budget begins,
    None: the machine's clock does.
    """
    associated = associate(
        AssociatedArgs(settings, names, client.tenant_id, recover_vault, versioned_key)
    )
    identities = Identities("identities", IdentitiesArgs(names, associated.placement))
    workspace = _workspace(settings, names, associated, identities)
    private = _private_endpoints(names, associated, workspace)
    data = homes(
        settings.datastores,
        client.subscription_id,
        associated.placement,
        associated.storage,
        associated.lake,
    )
    _roles(settings, names, associated, identities, workspace, data, private)
    contents = fill(
        ContentsArgs(
            settings,
            names,
            client.tenant_id,
            associated,
            identities,
            workspace,
            data,
            read_secret,
            refuse,
            after=private.named if private else (),
            node_counts=node_counts or {},
        )
    )
    RoleAssignments(
        "compute-roles",
        RoleAssignmentsArgs(
            names,
            system_grants(
                contents.computes.principals,
                settings.datastores,
                data,
                associated.storage,
                workspace,
                associated.images,
            ),
        ),
    )
    oversight = oversee(
        settings,
        names,
        associated,
        Parts(
            workspace=workspace.workspace.id,
            endpoints={key: e.id for key, e in contents.endpoints.endpoints.items()},
            kubernetes={key: c.id for key, c in contents.kubernetes.clusters.items()},
            machines=contents.attached.machines,
        ),
        today or datetime.now(UTC).date(),
    )
    foundation = associated.foundation
    return {
        "kind": settings.kind,
        "environment": names.environment,
        "subscriptionId": client.subscription_id,
        "tenantId": client.tenant_id,
        "location": settings.location,
        "resourceGroup": foundation.group.name,
        "ownsResourceGroup": settings.existing.resource_group is None,
        "virtualNetwork": associated.network.id if associated.network else None,
        "workspace": {
            "name": workspace.workspace.name,
            "id": workspace.workspace.id,
            "location": settings.location,
        },
        "storageAccount": associated.storage.account.name,
        "keyVault": foundation.vault.name,
        "applicationInsights": foundation.insights.name,
        "logAnalytics": foundation.logs.name,
        "registry": associated.registry.registry.name if associated.registry else None,
        "lake": associated.lake.account.name if associated.lake else None,
        **contents.outputs(),
        **oversight,
        "protection": settings.protection,
        "tags": associated.placement.tags,
    }


def _workspace(
    settings: Settings, names: Names, associated: Associated, identities: Identities
) -> Workspace:
    """With what its identity may do before it is there: the service uses it in making it."""
    grants = RoleAssignments(
        "workspace-roles",
        RoleAssignmentsArgs(
            names,
            [
                *workspace_grants(
                    associated.foundation, associated.storage, associated.registry, identities
                ),
                *approval_grants(settings.network, associated.services, identities),
            ],
        ),
    )
    return Workspace(
        "workspace",
        WorkspaceArgs(
            workspace_name=names.workspace,
            placement=associated.placement,
            workspace=settings.workspace,
            storage=associated.storage.account.id,
            vault=associated.foundation.vault.id,
            insights=associated.foundation.insights.id,
            identity=identities.workspace.id,
            keyless=not settings.storage.shared_keys,
            after=[*grants.assignments, *associated.key_granted],
            registry=associated.registry.registry.id if associated.registry else None,
            lake=associated.lake.account.id if associated.lake else None,
            network=settings.network,
            compute_subnet=associated.compute_subnet,
            image_builder=image_builder(settings),
            key=associated.key,
        ),
        pulumi.ResourceOptions(protect=settings.protection),
    )


def _private_endpoints(
    names: Names, associated: Associated, workspace: Workspace
) -> PrivateEndpoints | None:
    """None where the services are reached at their public addresses."""
    network = associated.network
    if not network:
        return None
    return PrivateEndpoints(
        "private-endpoints",
        PrivateEndpointsArgs(
            names,
            associated.placement,
            network.endpoints_subnet,
            network.zones,
            {"workspace": workspace.workspace.id, **associated.services},
        ),
    )


def _roles(
    settings: Settings,
    names: Names,
    associated: Associated,
    identities: Identities,
    workspace: Workspace,
    data: dict[str, Home],
    private: PrivateEndpoints | None,
) -> None:
    """What identities, people and pipelines may do in the environment."""
    group = associated.foundation.group.id
    definitions = RoleDefinitions(
        "role-definitions",
        RoleDefinitionsArgs(
            names, group, [role for access in settings.access.values() for role in access.named]
        ),
    )
    scopes = {
        "resource_group": group,
        "workspace": workspace.workspace.id,
        "storage": associated.storage.account.id,
        "vault": associated.foundation.vault.id,
    }
    working = {
        "workspace": identities.workspace.principal_id,
        "compute": identities.compute.principal_id,
    }
    grants: list[Grant] = [
        *own_grants(workspace, identities),
        *compute_grants(associated.storage, workspace, associated.images, identities),
        *endpoint_grants(associated.storage, workspace, associated.images, identities),
        *data_grants(settings.datastores, data, working),
        *(studio_grants(private, identities) if private else ()),
        *access_grants(settings, names, scopes, identities.endpoint.id),
    ]
    RoleAssignments(
        "roles",
        RoleAssignmentsArgs(
            names, grants, {role: d.id for role, d in definitions.definitions.items()}
        ),
    )

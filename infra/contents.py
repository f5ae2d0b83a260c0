"""What is in a workspace: its data, its computes, its endpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from infra.associated import Associated
from infra.attached import Attached, AttachedArgs
from infra.batch_endpoints import BatchEndpoints, BatchEndpointsArgs
from infra.computes import Computes, ComputesArgs
from infra.connections import Connections, ConnectionsArgs
from infra.datastores import Datastores, DatastoresArgs, Home
from infra.endpoints import Endpoints, EndpointsArgs
from infra.identities import Identities
from infra.key_vault import Read, Refuse, Secrets
from infra.kubernetes import Kubernetes, KubernetesArgs
from infra.names import Names
from infra.node_counts import Counts
from infra.settings import Settings, named_secrets
from infra.workspace import Workspace


@dataclass(frozen=True)
class ContentsArgs:
    settings: Settings
    names: Names
    tenant_id: str
    associated: Associated
    identities: Identities
    workspace: Workspace
    homes: Mapping[str, Home]
    """Where datastores on a storage account lie, by their names in the settings."""
    read_secret: Read
    refuse: Refuse
    after: Sequence[pulumi.Resource] = ()
    """The private endpoints: without a workspace's, nodes without public addresses are refused."""
    node_counts: Mapping[str, Counts] = field(default_factory=dict)
    """Of the Kubernetes clusters that are there already, by their keys."""


@dataclass(frozen=True)
class Contents:
    """Does not manage assets: jobs, models, data, environments come by `amlops` and by people."""

    datastores: Datastores
    connections: Connections
    computes: Computes
    kubernetes: Kubernetes
    attached: Attached
    endpoints: Endpoints
    batch_endpoints: BatchEndpoints

    def outputs(self) -> dict[str, Any]:
        """The real names by those in the settings."""
        return {
            "datastores": _names(self.datastores.datastores),
            "connections": _names(self.connections.connections),
            "clusters": _names(self.computes.clusters),
            "instances": _names(self.computes.instances),
            "kubernetes": _names(self.kubernetes.computes),
            "attached": _names(self.attached.computes),
            "endpoints": {
                key: {"name": e.name, "scoringUri": e.properties.scoring_uri}
                for key, e in self.endpoints.endpoints.items()
            },
            "batchEndpoints": _names(self.batch_endpoints.endpoints),
        }


def fill(args: ContentsArgs) -> Contents:
    """Declare all of it."""
    settings, names, associated = args.settings, args.names, args.associated
    placement, identities = associated.placement, args.identities
    workspace_name = args.workspace.workspace.name
    vault = associated.foundation.vault
    secrets = Secrets(
        names.environment,
        vault.name,
        vault.id,
        args.read_secret,
        named_secrets(settings),
        args.refuse,
    )
    datastores = Datastores(
        "datastores",
        DatastoresArgs(
            placement=placement,
            tenant_id=args.tenant_id,
            workspace_name=workspace_name,
            secrets=secrets,
            homes=args.homes,
            datastores=settings.datastores,
        ),
    )
    connections = Connections(
        "connections",
        ConnectionsArgs(
            placement=placement,
            tenant_id=args.tenant_id,
            workspace_name=workspace_name,
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
            tenant_id=args.tenant_id,
            workspace_name=workspace_name,
            identity=identities.compute.id,
            instances=settings.instances,
            clusters=settings.clusters,
            subnet=associated.compute_subnet,
            private_nodes=settings.network.private,
            after=args.after,
        ),
    )
    kubernetes = Kubernetes(
        "kubernetes",
        KubernetesArgs(
            names=names,
            placement=placement,
            tenant_id=args.tenant_id,
            workspace_name=workspace_name,
            identity=identities.compute.id,
            workspace_principal=identities.workspace.principal_id,
            clusters=settings.kubernetes,
            subnet=associated.kubernetes_subnet,
            registry=associated.images,
            after=args.after,
            node_counts=args.node_counts,
        ),
    )
    attached = Attached(
        "attached",
        AttachedArgs(
            names=names,
            placement=placement,
            workspace_name=workspace_name,
            identity=identities.compute.id,
            secrets=secrets,
            attached=settings.attached,
            subnet=associated.compute_subnet,
            after=args.after,
        ),
    )
    endpoints = Endpoints(
        "endpoints",
        EndpointsArgs(
            names=names,
            placement=placement,
            workspace_name=workspace_name,
            identity=identities.endpoint.id,
            public=not settings.network.private,
            endpoints=settings.endpoints,
            computes={key: compute.id for key, compute in kubernetes.computes.items()},
        ),
    )
    batch_endpoints = BatchEndpoints(
        "batch-endpoints",
        BatchEndpointsArgs(names, placement, workspace_name, settings.batch_endpoints),
    )
    return Contents(
        datastores, connections, computes, kubernetes, attached, endpoints, batch_endpoints
    )


def _names(made: Mapping[str, Any]) -> dict[str, pulumi.Output[str]]:
    return {key: resource.name for key, resource in made.items()}

"""Compute instances and clusters of a workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import machinelearningservices

from infra import clusters, instances
from infra.names import Names
from infra.placement import Placement
from infra.settings import Cluster, Instance


@dataclass(frozen=True)
class ComputesArgs:
    names: Names
    placement: Placement
    tenant_id: pulumi.Input[str]
    workspace_name: pulumi.Input[str]
    identity: pulumi.Input[str]
    """Id of the user-assigned identity that jobs act as."""
    instances: Mapping[str, Instance]
    clusters: Mapping[str, Cluster]
    subnet: pulumi.Input[str] | None = None
    """Id of the subnet of all that name none of their own; None: they need none."""
    private_nodes: bool = False
    """Whether nodes have no public address unless their settings say so."""
    after: Sequence[pulumi.Resource] = ()
    """What the service looks for when it makes nodes without public addresses."""


class Computes(pulumi.ComponentResource):
    """Does not manage whether an instance runs: its owner, its schedules and its idle time do.

    A cluster is called by its key in every environment, because workloads refer to it. An
    instance's name is unique in a region, so its own has environment and suffix.

    Dictionaries are passed rather than argument classes, which fill in a public address on each
    node and shared applications by themselves: what security hangs on is written out here.
    """

    def __init__(
        self, name: str, args: ComputesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:Computes", name, None, opts)
        self.clusters = {
            key: self._compute(
                f"{name}-cluster-{key}",
                key,
                args,
                cluster.identity,
                clusters.cluster_properties(
                    cluster, subnet=args.subnet, private_nodes=args.private_nodes
                ),
                clusters.CREATE_ONLY,
            )
            for key, cluster in args.clusters.items()
        }
        self.instances = {
            key: self._compute(
                f"{name}-instance-{key}",
                args.names.instance(key),
                args,
                instance.identity,
                instances.instance_properties(
                    instance,
                    tenant_id=args.tenant_id,
                    subnet=args.subnet,
                    private_nodes=args.private_nodes,
                ),
                instances.CREATE_ONLY,
                # No client of the service updates an instance's tags, and a short-lived
                # environment's change with its time.
                ignored=["tags"],
            )
            for key, instance in args.instances.items()
        }
        self.principals = {
            key: compute.identity.principal_id
            for made, wanted in ((self.clusters, args.clusters), (self.instances, args.instances))
            for key, compute in made.items()
            if wanted[key].identity == "system"
        }
        """By key, the principals of those that have an identity of their own."""
        self.register_outputs(
            {"clusters": sorted(self.clusters), "instances": sorted(self.instances)}
        )

    def _compute(
        self,
        resource_name: str,
        compute_name: str,
        args: ComputesArgs,
        identity: str,
        properties: dict[str, object],
        create_only: Sequence[str],
        ignored: Sequence[str] = (),
    ) -> machinelearningservices.Compute:
        return machinelearningservices.Compute(
            resource_name,
            compute_name=compute_name,
            workspace_name=args.workspace_name,
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            identity=compute_identity(identity, args.identity),
            properties=properties,
            tags=args.placement.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=args.after,
                replace_on_changes=list(create_only),
                ignore_changes=list(ignored),
                # The new one has the old one's name.
                delete_before_replace=True,
            ),
        )


def compute_identity(kind: str, user_assigned: pulumi.Input[str]) -> dict[str, object] | None:
    """What a compute acts as: `user`, `system` or `none`, as its settings say."""
    if kind == "none":
        return None
    if kind == "system":
        return {"type": "SystemAssigned"}
    return {"type": "UserAssigned", "user_assigned_identities": [user_assigned]}

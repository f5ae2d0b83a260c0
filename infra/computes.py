"""Compute instances and clusters of a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import machinelearningservices

from infra.names import Names
from infra.placement import Placement
from infra.settings import Cluster, Instance, iso8601


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


class Computes(pulumi.ComponentResource):
    """Does not manage whether an instance runs or is stopped: its owner and its idle time do.

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
            key: self._compute(f"{name}-cluster-{key}", key, args, _cluster(cluster))
            for key, cluster in args.clusters.items()
        }
        self.instances = {
            key: self._compute(
                f"{name}-instance-{key}",
                args.names.instance(key),
                args,
                _instance(instance, args.tenant_id),
            )
            for key, instance in args.instances.items()
        }
        self.register_outputs(
            {"clusters": sorted(self.clusters), "instances": sorted(self.instances)}
        )

    def _compute(
        self,
        resource_name: str,
        compute_name: str,
        args: ComputesArgs,
        properties: dict[str, object],
    ) -> machinelearningservices.Compute:
        return machinelearningservices.Compute(
            resource_name,
            compute_name=compute_name,
            workspace_name=args.workspace_name,
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            identity={"type": "UserAssigned", "user_assigned_identities": [args.identity]},
            properties=properties,
            tags=args.placement.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )


def _cluster(cluster: Cluster) -> dict[str, object]:
    return {
        "compute_type": "AmlCompute",
        "disable_local_auth": True,
        "properties": {
            "os_type": "Linux",
            "vm_size": cluster.size,
            "vm_priority": "LowPriority" if cluster.priority == "low" else "Dedicated",
            "scale_settings": {
                "min_node_count": cluster.min,
                "max_node_count": cluster.max,
                "node_idle_time_before_scale_down": iso8601(cluster.idle),
            },
            "enable_node_public_ip": cluster.public_ip,
            "isolated_network": False,
            "remote_login_port_public_access": "Disabled",
        },
    }


def _instance(instance: Instance, tenant_id: pulumi.Input[str]) -> dict[str, object]:
    properties: dict[str, object] = {
        "vm_size": instance.size,
        "idle_time_before_shutdown": iso8601(instance.idle),
        "application_sharing_policy": "Personal",
        "compute_instance_authorization_type": "personal",
        "enable_node_public_ip": instance.public_ip,
        "enable_sso": True,
        "ssh_settings": {"ssh_public_access": "Disabled"},
    }
    if instance.assigned_user:
        properties["personal_compute_instance_settings"] = {
            "assigned_user": {"object_id": instance.assigned_user, "tenant_id": tenant_id}
        }
    return {
        "compute_type": "ComputeInstance",
        "disable_local_auth": True,
        "properties": properties,
    }

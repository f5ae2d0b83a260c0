"""A cluster of Azure Kubernetes Service, as Azure ML wants one that it is attached to."""

from __future__ import annotations

from dataclasses import dataclass, field

import pulumi
from pulumi_azure_native import containerservice, managedidentity

from infra import settings
from infra.names import Names
from infra.node_counts import Counts
from infra.placement import Placement
from infra.role_assignments import Grant, RoleAssignments, RoleAssignmentsArgs


@dataclass(frozen=True)
class KubernetesClusterArgs:
    key: str
    names: Names
    placement: Placement
    tenant_id: pulumi.Input[str]
    cluster: settings.NewKubernetes
    subnet: pulumi.Input[str] | None
    """Id of the nodes' subnet where settings name none; None: the service makes one."""
    registry: pulumi.Input[str]
    """Id of what nodes pull images from: a container registry, or the group that it will be in."""
    counts: Counts = field(default_factory=dict)
    """Nodes of the pools that are there already."""


def kubernetes_cluster(
    name: str, args: KubernetesClusterArgs, opts: pulumi.ResourceOptions
) -> containerservice.ManagedCluster:
    """With its identity, what that may do to its subnet, and what its nodes may pull."""
    new = args.cluster
    identity = managedidentity.UserAssignedIdentity(
        f"{name}-identity",
        resource_name_=args.names.identity(f"aks-{args.key}"),
        resource_group_name=args.placement.resource_group,
        location=args.placement.location,
        tags=args.placement.tags,
        opts=opts,
    )
    subnet = new.subnet or args.subnet
    before = (
        []
        if subnet is None
        else _grant(f"{name}-network", args, _on_subnet(args.key, identity, subnet), opts)
    )
    cluster = containerservice.ManagedCluster(
        f"{name}-cluster",
        resource_name_=args.names.kubernetes(args.key),
        resource_group_name=args.placement.resource_group,
        location=args.placement.location,
        dns_prefix=args.names.kubernetes(args.key),
        kubernetes_version=new.version,
        sku={"name": "Base", "tier": new.tier.capitalize()},
        support_plan="AKSLongTermSupport" if new.tier == "premium" else "KubernetesOfficial",
        identity={"type": "UserAssigned", "user_assigned_identities": [identity.id]},
        agent_pool_profiles=[
            {"name": pool, **_pool(one, subnet, args.counts.get(pool, one.min))}
            for pool, one in new.pools.items()
        ],
        enable_rbac=True,
        # Azure ML attaches with the administrator's certificate: "Disabling local accounts for
        # AKS is not supported", Microsoft Learn, "Deploy Azure Machine Learning extension".
        disable_local_accounts=False,
        aad_profile={
            "managed": True,
            "enable_azure_rbac": True,
            "admin_group_object_ids": list(new.admins),
            "tenant_id": args.tenant_id,
        },
        oidc_issuer_profile={"enabled": True},
        security_profile={"workload_identity": {"enabled": True}},
        api_server_access_profile={
            "enable_private_cluster": new.private,
            "authorized_ip_ranges": list(new.authorized_ips),
            "disable_run_command": True,
        },
        network_profile={
            "network_plugin": "azure",
            "network_plugin_mode": "overlay",
            "network_policy": "azure",
            "load_balancer_sku": "standard",
            "outbound_type": "loadBalancer",
        },
        auto_upgrade_profile={
            "upgrade_channel": "patch",
            "node_os_upgrade_channel": "NodeImage",
        },
        tags=args.placement.tags,
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=before)),
    )
    _grant(f"{name}-images", args, _on_registry(args.key, cluster, args.registry), opts)
    return cluster


def _grant(
    name: str, args: KubernetesClusterArgs, grant: Grant, opts: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    return list(RoleAssignments(name, RoleAssignmentsArgs(args.names, [grant]), opts).assignments)


def _on_subnet(
    key: str, identity: managedidentity.UserAssignedIdentity, subnet: pulumi.Input[str]
) -> Grant:
    return Grant(
        f"aks-{key}-subnet",
        identity.principal_id,
        "ServicePrincipal",
        "Network Contributor",
        subnet,
        "The cluster puts its nodes and load balancers into the subnet.",
    )


def _on_registry(
    key: str, cluster: containerservice.ManagedCluster, registry: pulumi.Input[str]
) -> Grant:
    return Grant(
        f"aks-{key}-images",
        cluster.identity_profile.apply(lambda found: str(found["kubeletidentity"].object_id)),
        "ServicePrincipal",
        "AcrPull",
        registry,
        "Nodes of the Kubernetes cluster pull the images of jobs and deployments.",
    )


def _pool(
    pool: settings.NodePool, subnet: pulumi.Input[str] | None, count: int
) -> dict[str, object]:
    profile: dict[str, object] = {
        "mode": pool.mode.capitalize(),
        "vm_size": pool.size,
        "type": "VirtualMachineScaleSets",
        "os_type": "Linux",
        "os_sku": "AzureLinux",
        "os_disk_size_gb": pool.disk_gb,
        "enable_auto_scaling": True,
        "count": min(max(count, pool.min), pool.max),
        "min_count": pool.min,
        "max_count": pool.max,
        "enable_node_public_ip": False,
        "scale_set_priority": "Spot" if pool.priority == "low" else "Regular",
    }
    if pool.priority == "low":
        profile["scale_set_eviction_policy"] = "Delete"
    if pool.labels:
        profile["node_labels"] = dict(pool.labels)
    if subnet:
        profile["vnet_subnet_id"] = subnet
    return profile

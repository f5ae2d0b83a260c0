"""Kubernetes clusters that serve models and run jobs: made or there already, and attached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import (
    containerservice,
    kubernetesconfiguration,
    machinelearningservices,
    managedidentity,
)

from infra import settings
from infra.computes import compute_identity
from infra.names import Names
from infra.placement import Placement
from infra.role_assignments import Grant, RoleAssignments, RoleAssignmentsArgs
from infra.settings import ResourceId

EXTENSION = "Microsoft.AzureML.Kubernetes"
ROUTER_NODES = 3
"""Nodes that the inference router wants where it is to survive the loss of one."""


@dataclass(frozen=True)
class KubernetesArgs:
    names: Names
    placement: Placement
    tenant_id: pulumi.Input[str]
    workspace_name: pulumi.Input[str]
    identity: pulumi.Input[str]
    """Id of the user-assigned identity that jobs act as."""
    workspace_principal: pulumi.Input[str]
    """Of the identity that the workspace acts as: it attaches the clusters."""
    clusters: Mapping[str, settings.Kubernetes]
    subnet: pulumi.Input[str] | None = None
    """Id of the subnet of all nodes whose settings name none; None: the service makes one."""
    registry: pulumi.Input[str] | None = None
    """Id of the container registry that nodes pull from, or of the group that it will be in."""


class Kubernetes(pulumi.ComponentResource):
    """Does not manage what runs on a cluster, nor Kubernetes' own objects: namespaces, secrets.

    Attaching is a PUT of one compute: the same again changes nothing. A cluster that is there
    already stays when its compute goes; one that is made goes with it.
    """

    def __init__(
        self, name: str, args: KubernetesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:Kubernetes", name, None, opts)
        self.clusters: dict[str, containerservice.ManagedCluster] = {}
        self.computes = {
            key: self._compute(f"{name}-{key}", key, args, chosen)
            for key, chosen in args.clusters.items()
        }
        self.register_outputs({"names": sorted(self.computes)})

    def _compute(
        self, name: str, key: str, args: KubernetesArgs, chosen: settings.Kubernetes
    ) -> machinelearningservices.Compute:
        if chosen.create:
            made = self._cluster(name, key, args, chosen.create)
            self.clusters[key] = made
            cluster_id: pulumi.Input[str] = made.id
            cluster_name: pulumi.Input[str] = made.name
            group: pulumi.Input[str] = args.placement.resource_group
        else:
            cluster_id = str(chosen.existing)
            there = ResourceId.of(cluster_id)
            cluster_name, group = there.name, there.resource_group
        extension = (
            self._extension(name, group, cluster_name, chosen)
            if chosen.installs_extension
            else None
        )
        attaches = self._grants(
            f"{name}-attach", args, _on_cluster(key, args.workspace_principal, cluster_id)
        )
        return machinelearningservices.Compute(
            f"{name}-compute",
            compute_name=key,
            workspace_name=args.workspace_name,
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            identity=compute_identity("user", args.identity),
            properties={
                "compute_type": "Kubernetes",
                "resource_id": cluster_id,
                "disable_local_auth": True,
                "properties": {
                    "namespace": chosen.namespace,
                    "default_instance_type": chosen.default_type,
                    "instance_types": {
                        key: _instance_type(one) for key, one in chosen.instance_types.items()
                    },
                },
            },
            tags=args.placement.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[*([extension] if extension else []), *attaches],
                replace_on_changes=["properties.resourceId", "properties.properties.namespace"],
                delete_before_replace=True,
            ),
        )

    def _cluster(
        self, name: str, key: str, args: KubernetesArgs, new: settings.NewKubernetes
    ) -> containerservice.ManagedCluster:
        identity = managedidentity.UserAssignedIdentity(
            f"{name}-identity",
            resource_name_=args.names.identity(f"aks-{key}"),
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            tags=args.placement.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        subnet = new.subnet or args.subnet
        before = self._grants(f"{name}-network", args, _on_subnet(key, identity, subnet))
        cluster = containerservice.ManagedCluster(
            f"{name}-cluster",
            resource_name_=args.names.kubernetes(key),
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            dns_prefix=args.names.kubernetes(key),
            kubernetes_version=new.version,
            sku={"name": "Base", "tier": new.tier.capitalize()},
            identity={"type": "UserAssigned", "user_assigned_identities": [identity.id]},
            agent_pool_profiles=[
                {"name": pool, **_pool(one, subnet)} for pool, one in new.pools.items()
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
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=before,
                # The autoscaler's, after the start.
                ignore_changes=["agentPoolProfiles[*].count"],
            ),
        )
        self._grants(f"{name}-images", args, _on_registry(key, cluster, args.registry))
        return cluster

    def _grants(
        self, name: str, args: KubernetesArgs, grants: list[Grant]
    ) -> list[pulumi.Resource]:
        if not grants:
            return []
        made = RoleAssignments(
            name, RoleAssignmentsArgs(args.names, grants), pulumi.ResourceOptions(parent=self)
        )
        return list(made.assignments)

    def _extension(
        self,
        name: str,
        group: pulumi.Input[str],
        cluster_name: pulumi.Input[str],
        chosen: settings.Kubernetes,
    ) -> kubernetesconfiguration.Extension:
        return kubernetesconfiguration.Extension(
            f"{name}-extension",
            extension_name="azureml",
            resource_group_name=group,
            cluster_rp="Microsoft.ContainerService",
            cluster_resource_name="managedClusters",
            cluster_name=cluster_name,
            extension_type=EXTENSION,
            identity={"type": "SystemAssigned"},
            auto_upgrade_minor_version=True,
            release_train="Stable",
            scope={"cluster": {"release_namespace": "azureml"}},
            configuration_settings=_extension_settings(chosen),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _on_subnet(
    key: str, identity: managedidentity.UserAssignedIdentity, subnet: pulumi.Input[str] | None
) -> list[Grant]:
    if subnet is None:
        return []
    return [
        Grant(
            f"aks-{key}-subnet",
            identity.principal_id,
            "ServicePrincipal",
            "Network Contributor",
            subnet,
            "The cluster puts its nodes and load balancers into the subnet.",
        )
    ]


def _on_cluster(key: str, workspace: pulumi.Input[str], cluster: pulumi.Input[str]) -> list[Grant]:
    """ "Attach to workspace with user-assigned managed identity", Microsoft Learn."""
    reasons = {
        "Reader": "The workspace looks at the cluster that it attaches.",
        "Kubernetes Extension Contributor": "The workspace looks for its extension there.",
        "Azure Kubernetes Service Cluster Admin Role": "The workspace logs in to attach it.",
    }
    return [
        Grant(f"aks-{key}-attach-{number}", workspace, "ServicePrincipal", role, cluster, why)
        for number, (role, why) in enumerate(reasons.items(), 1)
    ]


def _on_registry(
    key: str, cluster: containerservice.ManagedCluster, registry: pulumi.Input[str] | None
) -> list[Grant]:
    if registry is None:
        return []
    return [
        Grant(
            f"aks-{key}-images",
            cluster.identity_profile.apply(lambda found: str(found["kubeletidentity"].object_id)),
            "ServicePrincipal",
            "AcrPull",
            registry,
            "Nodes of the Kubernetes cluster pull the images of jobs and deployments.",
        )
    ]


def _pool(pool: settings.NodePool, subnet: pulumi.Input[str] | None) -> dict[str, object]:
    profile: dict[str, object] = {
        "mode": pool.mode.capitalize(),
        "vm_size": pool.size,
        "type": "VirtualMachineScaleSets",
        "os_type": "Linux",
        "os_sku": "AzureLinux",
        "os_disk_size_gb": pool.disk_gb,
        "enable_auto_scaling": True,
        "count": pool.min,
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


def _instance_type(one: settings.InstanceType) -> dict[str, object]:
    wanted = {"cpu": one.cpu, "memory": one.memory}
    if one.gpu:
        wanted["nvidia.com/gpu"] = str(one.gpu)
    resources = {"requests": wanted, "limits": dict(wanted)}
    return {"node_selector": dict(one.nodes), "resources": resources}


def _extension_settings(chosen: settings.Kubernetes) -> dict[str, str]:
    """As the extension's chart takes them: texts, "Deploy Azure Machine Learning extension"."""
    chart = {"enableTraining": str(chosen.training), "enableInference": str(chosen.inference)}
    if not chosen.inference:
        return chart
    nodes = sum(pool.max for pool in chosen.create.pools.values()) if chosen.create else None
    private = bool(chosen.create and chosen.create.private)
    chart["inferenceRouterServiceType"] = "LoadBalancer"
    chart["inferenceRouterHA"] = str(nodes is None or nodes >= ROUTER_NODES)
    if private:
        chart["internalLoadBalancerProvider"] = "azure"
    if chosen.tls:
        chart |= {"sslSecret": chosen.tls.secret, "sslCname": chosen.tls.host}
    else:
        chart["allowInsecureConnections"] = str(chosen.insecure)
    return chart

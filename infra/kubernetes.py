"""Kubernetes clusters that serve models and run jobs: made or there already, and attached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_azure_native import (
    containerservice,
    kubernetesconfiguration,
    machinelearningservices,
)

from infra import settings
from infra.computes import compute_identity
from infra.kubernetes_cluster import KubernetesClusterArgs, kubernetes_cluster
from infra.names import Names
from infra.node_counts import Counts
from infra.placement import Placement
from infra.role_assignments import Grant, RoleAssignments, RoleAssignmentsArgs
from infra.settings import ResourceId

EXTENSION = "Microsoft.AzureML.Kubernetes"
ROUTER_NODES = 3
"""Nodes that have to be there for an inference router that survives the loss of one."""


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
    registry: pulumi.Input[str]
    """Id of the container registry that nodes pull from, or of the group that it will be in."""
    subnet: pulumi.Input[str] | None = None
    """Id of the subnet of all nodes whose settings name none; None: the service makes one."""
    after: Sequence[pulumi.Resource] = ()
    """By what nodes reach the workspace and what it stands on."""
    node_counts: Mapping[str, Counts] = field(default_factory=dict)
    """Of the clusters that are there already, by their keys."""


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
            made = kubernetes_cluster(
                name,
                KubernetesClusterArgs(
                    key,
                    args.names,
                    args.placement,
                    args.tenant_id,
                    chosen.create,
                    args.subnet,
                    args.registry,
                    args.node_counts.get(key, {}),
                ),
                pulumi.ResourceOptions(parent=self),
            )
            self.clusters[key] = made
            cluster_id: pulumi.Input[str] = made.id
            cluster_name: pulumi.Input[str] = made.name
            group: pulumi.Input[str] = args.placement.resource_group
        else:
            cluster_id = str(chosen.existing)
            there = ResourceId.of(cluster_id)
            cluster_name, group = there.name, there.resource_group
        extension = (
            self._extension(name, args, group, cluster_name, cluster_id, chosen)
            if chosen.installs_extension
            else None
        )
        attaches = RoleAssignments(
            f"{name}-attach",
            RoleAssignmentsArgs(
                args.names, _on_cluster(key, args.workspace_principal, cluster_id, chosen)
            ),
            pulumi.ResourceOptions(parent=self),
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
                depends_on=[
                    *([extension] if extension else []),
                    *attaches.assignments,
                    *args.after,
                ],
                replace_on_changes=["properties.resourceId", "properties.properties.namespace"],
                delete_before_replace=True,
            ),
        )

    def _extension(
        self,
        name: str,
        args: KubernetesArgs,
        group: pulumi.Input[str],
        cluster_name: pulumi.Input[str],
        cluster_id: pulumi.Input[str],
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
            configuration_settings={
                **_cluster_settings(cluster_name, cluster_id, args.placement.location),
                **_extension_settings(chosen),
            },
            opts=pulumi.ResourceOptions(parent=self),
        )


def _on_cluster(
    key: str, workspace: pulumi.Input[str], cluster: pulumi.Input[str], chosen: settings.Kubernetes
) -> list[Grant]:
    """ "Attach to workspace with user-assigned managed identity", Microsoft Learn."""
    reasons = {
        "Reader": "The workspace looks at the cluster that it attaches.",
        "Kubernetes Extension Contributor": "The workspace looks for its extension there.",
        "Azure Kubernetes Service Cluster Admin Role": "The workspace logs in to attach it.",
    }
    if chosen.create and (chosen.create.private or chosen.create.authorized_ips):
        reasons["Contributor"] = "The workspace gives itself trusted access to an API that is shut."
    return [
        Grant(f"aks-{key}-attach-{number}", workspace, "ServicePrincipal", role, cluster, why)
        for number, (role, why) in enumerate(reasons.items(), 1)
    ]


def _instance_type(one: settings.InstanceType) -> dict[str, object]:
    wanted = {"cpu": one.cpu, "memory": one.memory}
    if one.gpu:
        wanted["nvidia.com/gpu"] = str(one.gpu)
    resources = {"requests": wanted, "limits": dict(wanted)}
    return {"node_selector": dict(one.nodes), "resources": resources}


def _cluster_settings(
    name: pulumi.Input[str], cluster: pulumi.Input[str], region: pulumi.Input[str]
) -> dict[str, pulumi.Input[str]]:
    """What the chart wants to know of the cluster and nobody fills in but `az k8s-extension create`
    (AzureMLKubernetes.py of its source): on AKS there is neither a relay nor a service bus.
    """
    return {
        "cluster_name": cluster,
        "clusterId": cluster,
        "prometheus.prometheusSpec.externalLabels.cluster_name": cluster,
        "cluster_name_friendly": name,
        "domain": pulumi.Output.concat(region, ".cloudapp.azure.com"),
        "location": region,
        "jobSchedulerLocation": region,
        "relayserver.enabled": "false",
        "servicebus.enabled": "false",
        "nginxIngress.enabled": "true",
    }


def _extension_settings(chosen: settings.Kubernetes) -> dict[str, str]:
    """As the extension's chart takes them: texts, "Deploy Azure Machine Learning extension". What
    starts with `scoringFe` is the same once more, as the command line sends it.
    """
    chart = {"enableTraining": str(chosen.training), "enableInference": str(chosen.inference)}
    if not chosen.inference:
        return chart
    nodes = sum(pool.min for pool in chosen.create.pools.values()) if chosen.create else None
    few = nodes is not None and nodes < ROUTER_NODES
    private = bool(chosen.create and chosen.create.private)
    chart["inferenceRouterServiceType"] = "LoadBalancer"
    chart["inferenceRouterHA"] = str(not few)
    if few:
        chart["clusterPurpose"] = "DevTest"
    if private:
        chart["internalLoadBalancerProvider"] = "azure"
        chart["scoringFe.serviceType.internalLoadBalancer"] = "True"
    if chosen.tls:
        chart |= {"sslSecret": chosen.tls.secret, "sslCname": chosen.tls.host}
        chart["scoringFe.sslSecret"] = chosen.tls.secret
    else:
        chart["allowInsecureConnections"] = str(chosen.insecure)
    return chart

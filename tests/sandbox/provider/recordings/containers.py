"""Registries of images, and the Kubernetes clusters that run them."""

from __future__ import annotations

from typing import Any

from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.containerregistry import models as registry_models
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.containerservice import models as container_models
from azure.mgmt.kubernetesconfiguration.extensions import (
    KubernetesConfigurationExtensionsMgmtClient,
)
from azure.mgmt.kubernetesconfiguration.extensions import models as extension_models
from pulumi_azure_native import containerregistry, containerservice, kubernetesconfiguration

from tests.sandbox.provider.recordings.recorder import IDENTITY, SUBNET, SUBSCRIPTION, Pair

IMAGES: dict[str, Any] = {
    "admin_user_enabled": False,
    "anonymous_pull_enabled": False,
    "network_rule_bypass_options": "AzureServices",
    "public_network_access": "Enabled",
    "zone_redundancy": "Disabled",
}
NODES: dict[str, Any] = {
    "mode": "System",
    "vm_size": "Standard_DS3_v2",
    "os_disk_size_gb": 128,
    "os_sku": "AzureLinux",
    "enable_auto_scaling": True,
    "min_count": 1,
    "max_count": 3,
    "enable_node_public_ip": False,
    "vnet_subnet_id": SUBNET,
}
EXTENSION: dict[str, Any] = {
    "extension_type": "Microsoft.AzureML.Kubernetes",
    "auto_upgrade_minor_version": True,
    "release_train": "Stable",
    "configuration_settings": {"enableInference": "True"},
}

PAIRS: dict[str, Pair] = {
    "registry": Pair(
        "containerregistry:Registry",
        containerregistry.RegistryArgs(
            resource_group_name="rg",
            registry_name="cr",
            location="eastus",
            sku=containerregistry.SkuArgs(name="Premium"),
            **IMAGES,
            network_rule_set=containerregistry.NetworkRuleSetArgs(
                default_action="Deny",
                ip_rules=[
                    containerregistry.IPRuleArgs(i_p_address_or_range="1.2.3.4", action="Allow")
                ],
            ),
        ),
        ContainerRegistryManagementClient,
        lambda c: c.registries.begin_create(
            "rg",
            "cr",
            registry_models.Registry(
                location="eastus",
                sku=registry_models.Sku(name="Premium"),
                properties=registry_models.RegistryProperties(
                    **IMAGES,
                    network_rule_set=registry_models.NetworkRuleSet(
                        default_action="Deny",
                        ip_rules=[
                            registry_models.IPRule(ip_address_or_range="1.2.3.4", action="Allow")
                        ],
                    ),
                ),
            ),
        ),
    ),
    "kubernetes": Pair(
        "containerservice:ManagedCluster",
        containerservice.ManagedClusterArgs(
            resource_group_name="rg",
            resource_name="aks",
            location="eastus",
            dns_prefix="aks",
            disable_local_accounts=True,
            identity=containerservice.ManagedClusterIdentityArgs(
                type="UserAssigned", user_assigned_identities=[IDENTITY]
            ),
            aad_profile=containerservice.ManagedClusterAADProfileArgs(
                managed=True, enable_azure_rbac=True, admin_group_object_ids=[SUBSCRIPTION]
            ),
            api_server_access_profile=containerservice.ManagedClusterAPIServerAccessProfileArgs(
                authorized_ip_ranges=["203.0.113.0/24"]
            ),
            agent_pool_profiles=[
                containerservice.ManagedClusterAgentPoolProfileArgs(name="system", **NODES)
            ],
        ),
        ContainerServiceClient,
        lambda c: c.managed_clusters.begin_create_or_update(
            "rg",
            "aks",
            container_models.ManagedCluster(
                location="eastus",
                identity=container_models.ManagedClusterIdentity(
                    type="UserAssigned", user_assigned_identities={IDENTITY: {}}
                ),
                properties=container_models.ManagedClusterProperties(
                    dns_prefix="aks",
                    disable_local_accounts=True,
                    aad_profile=container_models.ManagedClusterAADProfile(
                        managed=True,
                        enable_azure_rbac=True,
                        admin_group_object_i_ds=[SUBSCRIPTION],
                    ),
                    api_server_access_profile=(
                        container_models.ManagedClusterAPIServerAccessProfile(
                            authorized_ip_ranges=["203.0.113.0/24"]
                        )
                    ),
                    agent_pool_profiles=[
                        container_models.ManagedClusterAgentPoolProfile(name="system", **NODES)
                    ],
                ),
            ),
        ),
    ),
    "pool": Pair(
        "containerservice:AgentPool",
        containerservice.AgentPoolArgs(
            resource_group_name="rg", resource_name="aks", agent_pool_name="system", **NODES
        ),
        ContainerServiceClient,
        lambda c: c.agent_pools.begin_create_or_update(
            "rg",
            "aks",
            "system",
            container_models.AgentPool(
                properties=container_models.ManagedClusterAgentPoolProfileProperties(**NODES)
            ),
        ),
    ),
    "extension": Pair(
        "kubernetesconfiguration:Extension",
        kubernetesconfiguration.ExtensionArgs(
            resource_group_name="rg",
            cluster_rp="Microsoft.ContainerService",
            cluster_resource_name="managedClusters",
            cluster_name="aks",
            extension_name="azureml",
            identity=kubernetesconfiguration.IdentityArgs(type="SystemAssigned"),
            scope=kubernetesconfiguration.ScopeArgs(
                cluster=kubernetesconfiguration.ScopeClusterArgs(release_namespace="azureml")
            ),
            **EXTENSION,
        ),
        KubernetesConfigurationExtensionsMgmtClient,
        lambda c: c.extensions.begin_create(
            "rg",
            "Microsoft.ContainerService",
            "managedClusters",
            "aks",
            "azureml",
            extension_models.Extension(
                identity=extension_models.Identity(type="SystemAssigned"),
                properties=extension_models.ExtensionProperties(
                    scope=extension_models.Scope(
                        cluster=extension_models.ScopeCluster(release_namespace="azureml")
                    ),
                    **EXTENSION,
                ),
            ),
        ),
    ),
}

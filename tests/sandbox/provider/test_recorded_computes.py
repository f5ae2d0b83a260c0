"""The plugin's requests for machines, clusters and what is attached are those of the official
clients, as in `test_recorded.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi_azure_native.compute as compute
import pulumi_azure_native.containerservice as containers
import pulumi_azure_native.machinelearningservices as ml
import pytest
from azure.ai.ml._restclient.arm_ml_service import MachineLearningServicesMgmtClient
from azure.ai.ml._restclient.arm_ml_service import models as ml_models
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.compute import models as compute_models
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.containerservice import models as container_models
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.network import models as network_models

from sandbox.provider.table import resource_type
from sandbox.provider.translate import request_body, resource_id
from tests.sandbox.provider.test_recorded import (
    GROUP,
    IDENTITY,
    SUBNET,
    SUBSCRIPTION,
    plain,
    recorded,
)

AKS = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/aks"
NIC = f"{GROUP}/providers/Microsoft.Network/networkInterfaces/nic"
ADDRESS = f"{GROUP}/providers/Microsoft.Network/publicIPAddresses/pip"

PAIRS: dict[str, tuple[str, Any, Any, Callable[[Any], Any]]] = {
    "kubernetes": (
        "machinelearningservices:Compute",
        ml.ComputeArgs(
            resource_group_name="rg",
            workspace_name="mlw",
            compute_name="inference",
            location="eastus",
            properties=ml.KubernetesArgs(
                compute_type="Kubernetes",
                resource_id=AKS,
                properties=ml.KubernetesPropertiesArgs(
                    namespace="learning",
                    default_instance_type="small",
                    instance_types={
                        "small": ml.InstanceTypeSchemaArgs(
                            node_selector={"purpose": "training"},
                            resources=ml.InstanceTypeSchemaResourcesArgs(
                                requests={"cpu": "1"}, limits={"nvidia.com/gpu": "1"}
                            ),
                        )
                    },
                ),
            ),
        ),
        MachineLearningServicesMgmtClient,
        lambda c: c.compute.begin_create_or_update(
            "rg",
            "mlw",
            "inference",
            ml_models.ComputeResource(
                location="eastus",
                properties=ml_models.Kubernetes(
                    resource_id=AKS,
                    properties=ml_models.KubernetesProperties(
                        namespace="learning",
                        default_instance_type="small",
                        instance_types={
                            "small": ml_models.InstanceTypeSchema(
                                node_selector={"purpose": "training"},
                                resources=ml_models.InstanceTypeSchemaResources(
                                    requests={"cpu": "1"}, limits={"nvidia.com/gpu": "1"}
                                ),
                            )
                        },
                    ),
                ),
            ),
        ),
    ),
    "instance": (
        "machinelearningservices:Compute",
        ml.ComputeArgs(
            resource_group_name="rg",
            workspace_name="mlw",
            compute_name="ci",
            location="eastus",
            properties=ml.ComputeInstanceArgs(
                compute_type="ComputeInstance",
                properties=ml.ComputeInstancePropertiesArgs(
                    vm_size="Standard_DS3_v2",
                    idle_time_before_shutdown="PT30M",
                    ssh_settings=ml.ComputeInstanceSshSettingsArgs(
                        ssh_public_access="Enabled", admin_public_key="ssh-rsa AAAA"
                    ),
                    schedules=ml.ComputeSchedulesArgs(
                        compute_start_stop=[
                            ml.ComputeStartStopScheduleArgs(
                                action="Stop",
                                status="Enabled",
                                trigger_type="Cron",
                                cron=ml.CronArgs(
                                    expression="0 19 * * *", time_zone="Korea Standard Time"
                                ),
                            )
                        ]
                    ),
                    setup_scripts=ml.SetupScriptsArgs(
                        scripts=ml.ScriptsToExecuteArgs(
                            creation_script=ml.ScriptReferenceArgs(
                                script_source="inline", script_data="ZWNobw==", timeout="20m"
                            )
                        )
                    ),
                ),
            ),
        ),
        MachineLearningServicesMgmtClient,
        lambda c: c.compute.begin_create_or_update(
            "rg",
            "mlw",
            "ci",
            ml_models.ComputeResource(
                location="eastus",
                properties=ml_models.ComputeInstance(
                    properties=ml_models.ComputeInstanceProperties(
                        vm_size="Standard_DS3_v2",
                        idle_time_before_shutdown="PT30M",
                        # Pulumi's SDK says these by itself.
                        application_sharing_policy="Shared",
                        compute_instance_authorization_type="personal",
                        enable_sso=True,
                        ssh_settings=ml_models.ComputeInstanceSshSettings(
                            ssh_public_access="Enabled", admin_public_key="ssh-rsa AAAA"
                        ),
                        schedules=ml_models.ComputeSchedules(
                            compute_start_stop=[
                                ml_models.ComputeStartStopSchedule(
                                    action="Stop",
                                    status="Enabled",
                                    trigger_type="Cron",
                                    cron=ml_models.Cron(
                                        expression="0 19 * * *", time_zone="Korea Standard Time"
                                    ),
                                )
                            ]
                        ),
                        setup_scripts=ml_models.SetupScripts(
                            scripts=ml_models.ScriptsToExecute(
                                creation_script=ml_models.ScriptReference(
                                    script_source="inline", script_data="ZWNobw==", timeout="20m"
                                )
                            )
                        ),
                    ),
                ),
            ),
        ),
    ),
    "cluster": (
        "containerservice:ManagedCluster",
        containers.ManagedClusterArgs(
            resource_group_name="rg",
            resource_name="aks",
            location="eastus",
            dns_prefix="aks",
            disable_local_accounts=True,
            identity=containers.ManagedClusterIdentityArgs(
                type="UserAssigned", user_assigned_identities=[IDENTITY]
            ),
            aad_profile=containers.ManagedClusterAADProfileArgs(
                managed=True, enable_azure_rbac=True, admin_group_object_ids=[SUBSCRIPTION]
            ),
            api_server_access_profile=containers.ManagedClusterAPIServerAccessProfileArgs(
                authorized_ip_ranges=["203.0.113.0/24"]
            ),
            agent_pool_profiles=[
                containers.ManagedClusterAgentPoolProfileArgs(
                    name="system",
                    mode="System",
                    vm_size="Standard_DS3_v2",
                    os_disk_size_gb=128,
                    os_sku="AzureLinux",
                    enable_auto_scaling=True,
                    min_count=1,
                    max_count=3,
                    enable_node_public_ip=False,
                    vnet_subnet_id=SUBNET,
                )
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
                        container_models.ManagedClusterAgentPoolProfile(
                            name="system",
                            mode="System",
                            vm_size="Standard_DS3_v2",
                            os_disk_size_gb=128,
                            os_sku="AzureLinux",
                            enable_auto_scaling=True,
                            min_count=1,
                            max_count=3,
                            enable_node_public_ip=False,
                            vnet_subnet_id=SUBNET,
                        )
                    ],
                ),
            ),
        ),
    ),
    "machine": (
        "compute:VirtualMachine",
        compute.VirtualMachineArgs(
            resource_group_name="rg",
            vm_name="vm",
            location="eastus",
            hardware_profile=compute.HardwareProfileArgs(vm_size="Standard_DS3_v2"),
            network_profile=compute.NetworkProfileArgs(
                network_interfaces=[
                    compute.NetworkInterfaceReferenceArgs(
                        id=NIC, primary=True, delete_option="Detach"
                    )
                ]
            ),
            storage_profile=compute.StorageProfileArgs(
                os_disk=compute.OSDiskArgs(
                    create_option="FromImage", delete_option="Delete", disk_size_gb=64
                )
            ),
        ),
        ComputeManagementClient,
        lambda c: c.virtual_machines.begin_create_or_update(
            "rg",
            "vm",
            compute_models.VirtualMachine(
                location="eastus",
                properties=compute_models.VirtualMachineProperties(
                    hardware_profile=compute_models.HardwareProfile(vm_size="Standard_DS3_v2"),
                    network_profile=compute_models.NetworkProfile(
                        network_interfaces=[
                            compute_models.NetworkInterfaceReference(
                                id=NIC,
                                properties=compute_models.NetworkInterfaceReferenceProperties(
                                    primary=True, delete_option="Detach"
                                ),
                            )
                        ]
                    ),
                    storage_profile=compute_models.StorageProfile(
                        os_disk=compute_models.OSDisk(
                            create_option="FromImage", delete_option="Delete", disk_size_gb=64
                        )
                    ),
                ),
            ),
        ),
    ),
    "interface": (
        "network:NetworkInterface",
        {
            "resourceGroupName": "rg",
            "networkInterfaceName": "nic",
            "location": "eastus",
            "ipConfigurations": [
                {
                    "name": "internal",
                    "subnet": {"id": SUBNET},
                    "publicIPAddress": {"id": ADDRESS},
                    "privateIPAllocationMethod": "Dynamic",
                }
            ],
        },
        NetworkManagementClient,
        lambda c: c.network_interfaces.begin_create_or_update(
            "rg",
            "nic",
            network_models.NetworkInterface(
                location="eastus",
                properties=network_models.NetworkInterfacePropertiesFormat(
                    ip_configurations=[
                        network_models.NetworkInterfaceIPConfiguration(
                            name="internal",
                            properties=(
                                network_models.NetworkInterfaceIPConfigurationPropertiesFormat(
                                    subnet=network_models.Subnet(id=SUBNET),
                                    public_ip_address=network_models.PublicIPAddress(id=ADDRESS),
                                    private_ip_allocation_method="Dynamic",
                                )
                            ),
                        )
                    ]
                ),
            ),
        ),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_request_is_that_of_the_official_client(name: str) -> None:
    token, arguments, client, wish = PAIRS[name]
    resource = resource_type(f"azure-native:{token}")
    inputs = plain(arguments)
    official = recorded(client, wish)
    path = "/" + resource_id(resource, inputs, SUBSCRIPTION).lstrip("/")
    assert official.method == "PUT"
    assert path.lower() == official.path.lower().replace("//", "/")
    assert request_body(resource, inputs) == official.body

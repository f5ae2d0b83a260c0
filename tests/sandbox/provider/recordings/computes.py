"""What a workspace computes on, and the machine that may be attached to one."""

from __future__ import annotations

from typing import Any

from azure.ai.ml._restclient.arm_ml_service import MachineLearningServicesMgmtClient
from azure.ai.ml._restclient.arm_ml_service import models as ml_models
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.compute import models as compute_models
from pulumi_azure_native import compute
from pulumi_azure_native import machinelearningservices as ml

from tests.sandbox.provider.recordings.recorder import GROUP, IDENTITY, SUBNET, Pair

AKS = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/aks"
NIC = f"{GROUP}/providers/Microsoft.Network/networkInterfaces/nic"
SCALE: dict[str, Any] = {
    "min_node_count": 0,
    "max_node_count": 4,
    "node_idle_time_before_scale_down": "PT2M",
}

PAIRS: dict[str, Pair] = {
    "cluster": Pair(
        "machinelearningservices:Compute",
        ml.ComputeArgs(
            resource_group_name="rg",
            workspace_name="mlw",
            compute_name="cpu",
            location="eastus",
            identity=ml.ManagedServiceIdentityArgs(
                type="UserAssigned", user_assigned_identities=[IDENTITY]
            ),
            properties=ml.AmlComputeArgs(
                compute_type="AmlCompute",
                disable_local_auth=True,
                properties=ml.AmlComputePropertiesArgs(
                    vm_size="Standard_DS2_v2",
                    vm_priority="LowPriority",
                    scale_settings=ml.ScaleSettingsArgs(**SCALE),
                    subnet=ml.ResourceIdArgs(id=SUBNET),
                ),
            ),
        ),
        MachineLearningServicesMgmtClient,
        lambda c: c.compute.begin_create_or_update(
            "rg",
            "mlw",
            "cpu",
            ml_models.ComputeResource(
                location="eastus",
                identity=ml_models.ManagedServiceIdentity(
                    type="UserAssigned", user_assigned_identities={IDENTITY: {}}
                ),
                properties=ml_models.AmlCompute(
                    disable_local_auth=True,
                    properties=ml_models.AmlComputeProperties(
                        # Pulumi's SDK says these three by itself.
                        os_type="Linux",
                        enable_node_public_ip=True,
                        remote_login_port_public_access="NotSpecified",
                        vm_size="Standard_DS2_v2",
                        vm_priority="LowPriority",
                        scale_settings=ml_models.ScaleSettings(**SCALE),
                        subnet=ml_models.ResourceId(id=SUBNET),
                    ),
                ),
            ),
        ),
    ),
    "instance": Pair(
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
    "kubernetes": Pair(
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
    "virtual machine": Pair(
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
    "disk": Pair(
        "compute:Disk",
        compute.DiskArgs(
            resource_group_name="rg",
            disk_name="d",
            location="eastus",
            sku=compute.DiskSkuArgs(name="Premium_LRS"),
            disk_size_gb=64,
            creation_data=compute.CreationDataArgs(create_option="Empty"),
        ),
        ComputeManagementClient,
        lambda c: c.disks.begin_create_or_update(
            "rg",
            "d",
            compute_models.Disk(
                location="eastus",
                sku=compute_models.DiskSku(name="Premium_LRS"),
                properties=compute_models.DiskProperties(
                    disk_size_gb=64,
                    creation_data=compute_models.CreationData(create_option="Empty"),
                ),
            ),
        ),
    ),
}

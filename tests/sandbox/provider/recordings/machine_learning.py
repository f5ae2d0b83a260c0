"""Workspaces with their endpoints, and the registries that workspaces share."""

from __future__ import annotations

from typing import Any

from azure.ai.ml._restclient.arm_ml_service import MachineLearningServicesMgmtClient
from azure.ai.ml._restclient.arm_ml_service import models as ml_models
from pulumi_azure_native import machinelearningservices as ml

from tests.sandbox.provider.recordings.recorder import GROUP, IDENTITY, STORAGE, Pair

VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv"
KEY = "https://kv.vault.azure.net/keys/cmk/1"
WORKSPACE: dict[str, Any] = {
    "primary_user_assigned_identity": IDENTITY,
    "storage_account": STORAGE,
    "key_vault": STORAGE,
    "friendly_name": "mine",
    "hbi_workspace": False,
    "public_network_access": "Enabled",
    "system_datastores_auth_mode": "Identity",
    "v1_legacy_mode": False,
    "enable_data_isolation": False,
    "allow_public_access_when_behind_vnet": False,
    "enable_service_side_cmk_encryption": False,
}
DEPLOYMENT: dict[str, Any] = {
    "model": "azureml:bikes:3",
    "instance_type": "Standard_DS3_v2",
    "app_insights_enabled": True,
    "egress_public_network_access": "Disabled",
}
REQUESTS: dict[str, Any] = {
    "max_concurrent_requests_per_instance": 4,
    "request_timeout": "PT5S",
    "max_queue_wait": "PT1S",
}

PAIRS: dict[str, Pair] = {
    "workspace": Pair(
        "machinelearningservices:Workspace",
        ml.WorkspaceArgs(
            resource_group_name="rg",
            workspace_name="mlw",
            location="eastus",
            kind="Default",
            sku=ml.SkuArgs(name="Basic"),
            identity=ml.ManagedServiceIdentityArgs(
                type="UserAssigned", user_assigned_identities=[IDENTITY]
            ),
            **WORKSPACE,
            managed_network=ml.ManagedNetworkSettingsArgs(isolation_mode="Disabled"),
        ),
        MachineLearningServicesMgmtClient,
        lambda c: c.workspaces.begin_create_or_update(
            "rg",
            "mlw",
            ml_models.Workspace(
                location="eastus",
                kind="Default",
                sku=ml_models.Sku(name="Basic"),
                identity=ml_models.ManagedServiceIdentity(
                    type="UserAssigned", user_assigned_identities={IDENTITY: {}}
                ),
                properties=ml_models.WorkspaceProperties(
                    **WORKSPACE,
                    managed_network=ml_models.ManagedNetworkSettings(
                        isolation_mode="Disabled",
                        enable_network_monitor=False,  # said by Pulumi's SDK itself
                    ),
                ),
            ),
        ),
    ),
    "managed network": Pair(
        "machinelearningservices:Workspace",
        ml.WorkspaceArgs(
            resource_group_name="rg",
            workspace_name="mlw",
            location="eastus",
            provision_network_now=True,
            managed_network=ml.ManagedNetworkSettingsArgs(
                isolation_mode="AllowOnlyApprovedOutbound",
                firewall_sku="Basic",
                outbound_rules={
                    "p": ml.FqdnOutboundRuleArgs(
                        type="FQDN", category="UserDefined", destination="packages.example.com"
                    ),
                    "l": ml.PrivateEndpointOutboundRuleArgs(
                        type="PrivateEndpoint",
                        category="UserDefined",
                        destination=ml.PrivateEndpointDestinationArgs(
                            service_resource_id=STORAGE,
                            subresource_target="blob",
                            spark_enabled=False,
                        ),
                    ),
                },
            ),
            encryption=ml.EncryptionPropertyArgs(
                status="Enabled",
                identity=ml.IdentityForCmkArgs(user_assigned_identity=IDENTITY),
                key_vault_properties=ml.KeyVaultPropertiesArgs(
                    key_identifier=KEY, key_vault_arm_id=VAULT
                ),
            ),
        ),
        MachineLearningServicesMgmtClient,
        lambda c: c.workspaces.begin_create_or_update(
            "rg",
            "mlw",
            ml_models.Workspace(
                location="eastus",
                properties=ml_models.WorkspaceProperties(
                    provision_network_now=True,
                    managed_network=ml_models.ManagedNetworkSettings(
                        enable_network_monitor=False,
                        isolation_mode="AllowOnlyApprovedOutbound",
                        firewall_sku="Basic",
                        outbound_rules={
                            "p": ml_models.FqdnOutboundRule(
                                category="UserDefined", destination="packages.example.com"
                            ),
                            "l": ml_models.PrivateEndpointOutboundRule(
                                category="UserDefined",
                                destination=ml_models.PrivateEndpointDestination(
                                    service_resource_id=STORAGE,
                                    subresource_target="blob",
                                    spark_enabled=False,
                                ),
                            ),
                        },
                    ),
                    encryption=ml_models.EncryptionProperty(
                        status="Enabled",
                        identity=ml_models.IdentityForCmk(user_assigned_identity=IDENTITY),
                        key_vault_properties=ml_models.KeyVaultProperties(
                            key_identifier=KEY, key_vault_arm_id=VAULT
                        ),
                    ),
                ),
            ),
        ),
    ),
    "registry": Pair(
        "machinelearningservices:Registry",
        ml.RegistryArgs(
            resource_group_name="rg",
            registry_name="mlr",
            location="eastus",
            identity=ml.ManagedServiceIdentityArgs(type="SystemAssigned"),
            public_network_access="Enabled",
            region_details=[
                ml.RegistryRegionArmDetailsArgs(
                    location="eastus",
                    acr_details=[
                        ml.AcrDetailsArgs(
                            system_created_acr_account=ml.SystemCreatedAcrAccountArgs(
                                acr_account_sku="Premium"
                            )
                        )
                    ],
                    storage_account_details=[
                        ml.StorageAccountDetailsArgs(
                            system_created_storage_account=ml.SystemCreatedStorageAccountArgs(
                                storage_account_type="Standard_LRS",
                                storage_account_hns_enabled=False,
                            )
                        )
                    ],
                )
            ],
        ),
        MachineLearningServicesMgmtClient,
        lambda c: c.registries.begin_create_or_update(
            "rg",
            "mlr",
            ml_models.Registry(
                location="eastus",
                identity=ml_models.ManagedServiceIdentity(type="SystemAssigned"),
                properties=ml_models.RegistryProperties(
                    public_network_access="Enabled",
                    region_details=[
                        ml_models.RegistryRegionArmDetails(
                            location="eastus",
                            acr_details=[
                                ml_models.AcrDetails(
                                    system_created_acr_account=ml_models.SystemCreatedAcrAccount(
                                        acr_account_sku="Premium"
                                    )
                                )
                            ],
                            storage_account_details=[
                                ml_models.StorageAccountDetails(
                                    system_created_storage_account=(
                                        ml_models.SystemCreatedStorageAccount(
                                            storage_account_type="Standard_LRS",
                                            storage_account_hns_enabled=False,
                                        )
                                    )
                                )
                            ],
                        )
                    ],
                ),
            ),
        ),
    ),
    "online endpoint": Pair(
        "machinelearningservices:OnlineEndpoint",
        ml.OnlineEndpointArgs(
            resource_group_name="rg",
            workspace_name="mlw",
            endpoint_name="bikes",
            location="eastus",
            identity=ml.ManagedServiceIdentityArgs(type="SystemAssigned"),
            properties=ml.OnlineEndpointPropertiesArgs(
                auth_mode="Key", public_network_access="Enabled"
            ),
        ),
        MachineLearningServicesMgmtClient,
        lambda c: c.online_endpoints.begin_create_or_update(
            "rg",
            "mlw",
            "bikes",
            ml_models.OnlineEndpoint(
                location="eastus",
                identity=ml_models.ManagedServiceIdentity(type="SystemAssigned"),
                properties=ml_models.OnlineEndpointProperties(
                    auth_mode="Key", public_network_access="Enabled"
                ),
            ),
        ),
    ),
    "online deployment": Pair(
        "machinelearningservices:OnlineDeployment",
        ml.OnlineDeploymentArgs(
            resource_group_name="rg",
            workspace_name="mlw",
            endpoint_name="bikes",
            deployment_name="blue",
            location="eastus",
            sku=ml.SkuArgs(name="Default", capacity=2),
            properties=ml.ManagedOnlineDeploymentArgs(
                endpoint_compute_type="Managed",
                scale_settings=ml.DefaultScaleSettingsArgs(scale_type="Default"),
                request_settings=ml.OnlineRequestSettingsArgs(**REQUESTS),
                **DEPLOYMENT,
            ),
        ),
        MachineLearningServicesMgmtClient,
        lambda c: c.online_deployments.begin_create_or_update(
            "rg",
            "mlw",
            "bikes",
            "blue",
            ml_models.OnlineDeployment(
                location="eastus",
                sku=ml_models.Sku(name="Default", capacity=2),
                properties=ml_models.ManagedOnlineDeployment(
                    scale_settings=ml_models.DefaultScaleSettings(),
                    request_settings=ml_models.OnlineRequestSettings(**REQUESTS),
                    **DEPLOYMENT,
                ),
            ),
        ),
    ),
    "batch endpoint": Pair(
        "machinelearningservices:BatchEndpoint",
        ml.BatchEndpointArgs(
            resource_group_name="rg",
            workspace_name="mlw",
            endpoint_name="nightly",
            location="eastus",
            properties=ml.BatchEndpointPropertiesArgs(auth_mode="AADToken"),
        ),
        MachineLearningServicesMgmtClient,
        lambda c: c.batch_endpoints.begin_create_or_update(
            "rg",
            "mlw",
            "nightly",
            ml_models.BatchEndpoint(
                location="eastus",
                properties=ml_models.BatchEndpointProperties(auth_mode="AADToken"),
            ),
        ),
    ),
}

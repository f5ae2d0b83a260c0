"""Storage accounts with their containers, shares and queues."""

from __future__ import annotations

from typing import Any

from azure.mgmt.storage import StorageManagementClient
from azure.mgmt.storage import models as storage_models
from pulumi_azure_native import storage

from tests.sandbox.provider.recordings.recorder import IDENTITY, SUBNET, Pair

SWITCHES: dict[str, Any] = {
    "allow_blob_public_access": False,
    "allow_shared_key_access": True,
    "enable_https_traffic_only": True,
    "is_hns_enabled": True,
    "minimum_tls_version": "TLS1_2",
}
KEY: dict[str, Any] = {
    "key_name": "k",
    "key_vault_uri": "https://kv.vault.azure.net",
    "key_version": "1",
}
CONTAINER: dict[str, Any] = {"public_access": "None", "metadata": {"a": "b"}}
SHARE: dict[str, Any] = {"access_tier": "Hot", "enabled_protocols": "SMB", "share_quota": 5}
RETENTION: dict[str, Any] = {"enabled": True, "days": 7}

PAIRS: dict[str, Pair] = {
    "account": Pair(
        "storage:StorageAccount",
        storage.StorageAccountArgs(
            resource_group_name="rg",
            account_name="st",
            location="eastus",
            kind="StorageV2",
            sku=storage.SkuArgs(name="Standard_LRS"),
            tags={"a": "b"},
            identity=storage.IdentityArgs(type="UserAssigned", user_assigned_identities=[IDENTITY]),
            network_rule_set=storage.NetworkRuleSetArgs(
                bypass="AzureServices",
                default_action="Deny",
                ip_rules=[storage.IPRuleArgs(i_p_address_or_range="1.2.3.4", action="Allow")],
                virtual_network_rules=[
                    storage.VirtualNetworkRuleArgs(
                        virtual_network_resource_id=SUBNET, action="Allow"
                    )
                ],
            ),
            encryption=storage.EncryptionArgs(
                key_source="Microsoft.Keyvault",
                key_vault_properties=storage.KeyVaultPropertiesArgs(**KEY),
                encryption_identity=storage.EncryptionIdentityArgs(
                    encryption_user_assigned_identity=IDENTITY
                ),
            ),
            **SWITCHES,
        ),
        StorageManagementClient,
        lambda c: c.storage_accounts.begin_create(
            "rg",
            "st",
            storage_models.StorageAccountCreateParameters(
                location="eastus",
                kind="StorageV2",
                sku=storage_models.Sku(name="Standard_LRS"),
                tags={"a": "b"},
                identity=storage_models.Identity(
                    type="UserAssigned", user_assigned_identities={IDENTITY: {}}
                ),
                properties=storage_models.StorageAccountPropertiesCreateParameters(
                    network_rule_set=storage_models.NetworkRuleSet(
                        bypass="AzureServices",
                        default_action="Deny",
                        ip_rules=[
                            storage_models.IPRule(ip_address_or_range="1.2.3.4", action="Allow")
                        ],
                        virtual_network_rules=[
                            storage_models.VirtualNetworkRule(
                                virtual_network_resource_id=SUBNET, action="Allow"
                            )
                        ],
                    ),
                    encryption=storage_models.Encryption(
                        key_source="Microsoft.Keyvault",
                        key_vault_properties=storage_models.KeyVaultProperties(**KEY),
                        encryption_identity=storage_models.EncryptionIdentity(
                            encryption_user_assigned_identity=IDENTITY
                        ),
                    ),
                    **SWITCHES,
                ),
            ),
        ),
    ),
    "container": Pair(
        "storage:BlobContainer",
        storage.BlobContainerArgs(
            resource_group_name="rg", account_name="st", container_name="data", **CONTAINER
        ),
        StorageManagementClient,
        lambda c: c.blob_containers.create(
            "rg",
            "st",
            "data",
            storage_models.BlobContainer(
                container_properties=storage_models.ContainerProperties(**CONTAINER)
            ),
        ),
    ),
    "share": Pair(
        "storage:FileShare",
        storage.FileShareArgs(
            resource_group_name="rg", account_name="st", share_name="data", **SHARE
        ),
        StorageManagementClient,
        lambda c: c.file_shares.create(
            "rg",
            "st",
            "data",
            storage_models.FileShare(
                file_share_properties=storage_models.FileShareProperties(**SHARE)
            ),
        ),
    ),
    "queue": Pair(
        "storage:Queue",
        storage.queue.QueueArgs(resource_group_name="rg", account_name="st", queue_name="jobs"),
        StorageManagementClient,
        lambda c: c.queue.create("rg", "st", "jobs", {}),
    ),
    "what is kept of deleted blobs": Pair(
        "storage:BlobServiceProperties",
        storage.BlobServicePropertiesArgs(
            resource_group_name="rg",
            account_name="st",
            blob_services_name="default",
            is_versioning_enabled=True,
            delete_retention_policy=storage.DeleteRetentionPolicyArgs(**RETENTION),
        ),
        StorageManagementClient,
        lambda c: c.blob_services.set_service_properties(
            "rg",
            "st",
            storage_models.BlobServiceProperties(
                blob_service_properties=storage_models.BlobServicePropertiesProperties(
                    is_versioning_enabled=True,
                    delete_retention_policy=storage_models.DeleteRetentionPolicy(**RETENTION),
                )
            ),
        ),
    ),
    "what is kept of deleted shares": Pair(
        "storage:FileServiceProperties",
        storage.FileServicePropertiesArgs(
            resource_group_name="rg",
            account_name="st",
            file_services_name="default",
            share_delete_retention_policy=storage.DeleteRetentionPolicyArgs(**RETENTION),
        ),
        StorageManagementClient,
        lambda c: c.file_services.set_service_properties(
            "rg",
            "st",
            storage_models.FileServiceProperties(
                file_service_properties=storage_models.FileServicePropertiesProperties(
                    share_delete_retention_policy=storage_models.DeleteRetentionPolicy(**RETENTION)
                )
            ),
        ),
    ),
}

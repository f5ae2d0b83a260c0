"""The plugin's requests are those of Microsoft's own clients for the same wish.

Each pair says one thing twice: with the arguments of Pulumi's SDK, and with a model of the official
client, whose request is recorded at its transport. Path and body must be the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import pulumi_azure_native.applicationinsights as insights
import pulumi_azure_native.authorization as authorization
import pulumi_azure_native.containerregistry as registry
import pulumi_azure_native.keyvault as vault
import pulumi_azure_native.machinelearningservices as ml
import pulumi_azure_native.operationalinsights as logs
import pulumi_azure_native.resources as resources
import pulumi_azure_native.storage as storage
import pytest
from azure.ai.ml._restclient.arm_ml_service import MachineLearningServicesMgmtClient
from azure.ai.ml._restclient.arm_ml_service import models as ml_models
from azure.core.credentials import AccessToken
from azure.mgmt.applicationinsights import ApplicationInsightsManagementClient
from azure.mgmt.applicationinsights import models as insights_models
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.authorization import models as authorization_models
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.containerregistry import models as registry_models
from azure.mgmt.keyvault import KeyVaultManagementClient
from azure.mgmt.keyvault import models as vault_models
from azure.mgmt.loganalytics import LogAnalyticsManagementClient
from azure.mgmt.loganalytics import models as logs_models
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient
from azure.mgmt.storage import models as storage_models
from pulumi import _types

from sandbox.provider.table import resource_type
from sandbox.provider.translate import request_body, resource_id

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id"
SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/st"
ROLE = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/r"


class RecordedError(Exception):
    """The client has sent its request."""

    def __init__(self, request: Any) -> None:
        super().__init__(request.method)
        self.method = request.method
        self.path = unquote(urlsplit(request.url).path)
        self.body = json.loads(request.content if hasattr(request, "content") else request.body)


class Recorder:
    """A transport that sends nothing."""

    def send(self, request: Any, **_: Any) -> Any:
        raise RecordedError(request)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class Nobody:
    def get_token(self, *_: str, **__: Any) -> AccessToken:
        return AccessToken("token", 4102444800)


def recorded(client: Any, wish: Callable[[Any], Any]) -> RecordedError:
    with pytest.raises(RecordedError) as caught:
        wish(client(Nobody(), SUBSCRIPTION, transport=Recorder(), retry_total=0))
    return caught.value


def plain(value: Any) -> Any:
    """What the SDK puts on the wire for an argument object."""
    if _types.is_input_type(type(value)):
        return {name: plain(item) for name, item in _types.input_type_to_dict(value).items()}
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


PAIRS: dict[str, tuple[str, Any, Any, Callable[[Any], Any]]] = {
    "group": (
        "resources:ResourceGroup",
        resources.ResourceGroupArgs(resource_group_name="rg", location="eastus", tags={"a": "b"}),
        ResourceManagementClient,
        lambda c: c.resource_groups.create_or_update(
            "rg", {"location": "eastus", "tags": {"a": "b"}}
        ),
    ),
    "key": (
        "keyvault:Key",
        vault.KeyArgs(
            resource_group_name="rg",
            vault_name="kv",
            key_name="k",
            tags={"a": "b"},
            properties=vault.KeyPropertiesArgs(
                kty="RSA",
                key_size=3072,
                key_ops=["wrapKey"],
                attributes=vault.KeyAttributesArgs(enabled=True, expires=2, not_before=1),
            ),
        ),
        KeyVaultManagementClient,
        lambda c: c.keys.create_if_not_exist(
            "rg",
            "kv",
            "k",
            vault_models.KeyCreateParameters(
                tags={"a": "b"},
                properties=vault_models.KeyProperties(
                    kty="RSA",
                    key_size=3072,
                    key_ops=["wrapKey"],
                    attributes=vault_models.KeyAttributes(
                        enabled=True, expires=2, not_before=1, exportable=False
                    ),
                ),
            ),
        ),
    ),
    "storage": (
        "storage:StorageAccount",
        storage.StorageAccountArgs(
            resource_group_name="rg",
            account_name="st",
            location="eastus",
            kind="StorageV2",
            sku=storage.SkuArgs(name="Standard_LRS"),
            tags={"a": "b"},
            identity=storage.IdentityArgs(type="UserAssigned", user_assigned_identities=[IDENTITY]),
            allow_blob_public_access=False,
            allow_shared_key_access=True,
            enable_https_traffic_only=True,
            is_hns_enabled=True,
            minimum_tls_version="TLS1_2",
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
                key_vault_properties=storage.KeyVaultPropertiesArgs(
                    key_name="k", key_vault_uri="https://kv.vault.azure.net", key_version="1"
                ),
                encryption_identity=storage.EncryptionIdentityArgs(
                    encryption_user_assigned_identity=IDENTITY
                ),
            ),
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
                    allow_blob_public_access=False,
                    allow_shared_key_access=True,
                    enable_https_traffic_only=True,
                    is_hns_enabled=True,
                    minimum_tls_version="TLS1_2",
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
                        key_vault_properties=storage_models.KeyVaultProperties(
                            key_name="k",
                            key_vault_uri="https://kv.vault.azure.net",
                            key_version="1",
                        ),
                        encryption_identity=storage_models.EncryptionIdentity(
                            encryption_user_assigned_identity=IDENTITY
                        ),
                    ),
                ),
            ),
        ),
    ),
    "container": (
        "storage:BlobContainer",
        storage.BlobContainerArgs(
            resource_group_name="rg",
            account_name="st",
            container_name="data",
            public_access="None",
            metadata={"a": "b"},
        ),
        StorageManagementClient,
        lambda c: c.blob_containers.create(
            "rg",
            "st",
            "data",
            storage_models.BlobContainer(
                container_properties=storage_models.ContainerProperties(
                    public_access="None", metadata={"a": "b"}
                )
            ),
        ),
    ),
    "share": (
        "storage:FileShare",
        storage.FileShareArgs(
            resource_group_name="rg",
            account_name="st",
            share_name="data",
            access_tier="Hot",
            enabled_protocols="SMB",
            share_quota=5,
        ),
        StorageManagementClient,
        lambda c: c.file_shares.create(
            "rg",
            "st",
            "data",
            storage_models.FileShare(
                file_share_properties=storage_models.FileShareProperties(
                    access_tier="Hot", enabled_protocols="SMB", share_quota=5
                )
            ),
        ),
    ),
    "vault": (
        "keyvault:Vault",
        vault.VaultArgs(
            resource_group_name="rg",
            vault_name="kv",
            location="eastus",
            properties=vault.VaultPropertiesArgs(
                tenant_id=SUBSCRIPTION,
                sku=vault.SkuArgs(family="A", name="standard"),
                enable_rbac_authorization=True,
                enable_purge_protection=True,
                enable_soft_delete=True,
                enabled_for_deployment=False,
                enabled_for_disk_encryption=False,
                enabled_for_template_deployment=False,
                soft_delete_retention_in_days=7,
                public_network_access="disabled",
                network_acls=vault.NetworkRuleSetArgs(
                    bypass="AzureServices",
                    default_action="Deny",
                    ip_rules=[vault.IPRuleArgs(value="1.2.3.4")],
                ),
            ),
        ),
        KeyVaultManagementClient,
        lambda c: c.vaults.begin_create_or_update(
            "rg",
            "kv",
            vault_models.VaultCreateOrUpdateParameters(
                location="eastus",
                properties=vault_models.VaultProperties(
                    tenant_id=SUBSCRIPTION,
                    sku=vault_models.Sku(family="A", name="standard"),
                    enable_rbac_authorization=True,
                    enable_purge_protection=True,
                    enable_soft_delete=True,
                    enabled_for_deployment=False,
                    enabled_for_disk_encryption=False,
                    enabled_for_template_deployment=False,
                    soft_delete_retention_in_days=7,
                    public_network_access="disabled",
                    network_acls=vault_models.NetworkRuleSet(
                        bypass="AzureServices",
                        default_action="Deny",
                        ip_rules=[vault_models.IPRule(value="1.2.3.4")],
                    ),
                ),
            ),
        ),
    ),
    "component": (
        "applicationinsights:Component",
        insights.ComponentArgs(
            resource_group_name="rg",
            resource_name="appi",
            location="eastus",
            kind="web",
            application_type="web",
            flow_type="Bluefield",
            request_source="rest",
            ingestion_mode="LogAnalytics",
            workspace_resource_id=STORAGE,
            retention_in_days=30,
            disable_local_auth=True,
        ),
        ApplicationInsightsManagementClient,
        lambda c: c.components.create_or_update(
            "rg",
            "appi",
            insights_models.ApplicationInsightsComponent(
                location="eastus",
                kind="web",
                application_type="web",
                flow_type="Bluefield",
                request_source="rest",
                ingestion_mode="LogAnalytics",
                workspace_resource_id=STORAGE,
                retention_in_days=30,
                disable_local_auth=True,
            ),
        ),
    ),
    "logs": (
        "operationalinsights:Workspace",
        logs.WorkspaceArgs(
            resource_group_name="rg",
            workspace_name="log",
            location="eastus",
            retention_in_days=30,
            sku=logs.WorkspaceSkuArgs(name="PerGB2018"),
            features=logs.WorkspaceFeaturesArgs(disable_local_auth=True),
        ),
        LogAnalyticsManagementClient,
        lambda c: c.workspaces.begin_create_or_update(
            "rg",
            "log",
            logs_models.Workspace(
                location="eastus",
                properties=logs_models.WorkspaceProperties(
                    retention_in_days=30,
                    sku=logs_models.WorkspaceSku(name="PerGB2018"),
                    features=logs_models.WorkspaceFeatures(disable_local_auth=True),
                ),
            ),
        ),
    ),
    "registry": (
        "containerregistry:Registry",
        registry.RegistryArgs(
            resource_group_name="rg",
            registry_name="cr",
            location="eastus",
            sku=registry.SkuArgs(name="Premium"),
            admin_user_enabled=False,
            anonymous_pull_enabled=False,
            network_rule_bypass_options="AzureServices",
            public_network_access="Enabled",
            zone_redundancy="Disabled",
            network_rule_set=registry.NetworkRuleSetArgs(
                default_action="Deny",
                ip_rules=[registry.IPRuleArgs(i_p_address_or_range="1.2.3.4", action="Allow")],
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
                    admin_user_enabled=False,
                    anonymous_pull_enabled=False,
                    network_rule_bypass_options="AzureServices",
                    public_network_access="Enabled",
                    zone_redundancy="Disabled",
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
    "grant": (
        "authorization:RoleAssignment",
        authorization.RoleAssignmentArgs(
            scope=STORAGE,
            role_assignment_name=SUBSCRIPTION,
            principal_id=SUBSCRIPTION,
            principal_type="ServicePrincipal",
            role_definition_id=ROLE,
            description="why",
        ),
        AuthorizationManagementClient,
        lambda c: c.role_assignments.create(
            STORAGE,
            SUBSCRIPTION,
            authorization_models.RoleAssignmentCreateParameters(
                principal_id=SUBSCRIPTION,
                principal_type="ServicePrincipal",
                role_definition_id=ROLE,
                description="why",
            ),
        ),
    ),
    "role": (
        "authorization:RoleDefinition",
        authorization.RoleDefinitionArgs(
            scope=GROUP,
            role_definition_id="r",
            role_name="Deployer",
            role_type="CustomRole",
            description="deploys",
            assignable_scopes=[GROUP],
            permissions=[authorization.PermissionArgs(actions=["a/read"], data_actions=["b/read"])],
        ),
        AuthorizationManagementClient,
        lambda c: c.role_definitions.create_or_update(
            GROUP,
            "r",
            authorization_models.RoleDefinition(
                role_name="Deployer",
                role_type="CustomRole",
                description="deploys",
                assignable_scopes=[GROUP],
                permissions=[
                    authorization_models.Permission(actions=["a/read"], data_actions=["b/read"])
                ],
            ),
        ),
    ),
    "workspace": (
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
            primary_user_assigned_identity=IDENTITY,
            storage_account=STORAGE,
            key_vault=STORAGE,
            friendly_name="mine",
            hbi_workspace=False,
            public_network_access="Enabled",
            system_datastores_auth_mode="Identity",
            v1_legacy_mode=False,
            enable_data_isolation=False,
            allow_public_access_when_behind_vnet=False,
            enable_service_side_cmk_encryption=False,
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
                    primary_user_assigned_identity=IDENTITY,
                    storage_account=STORAGE,
                    key_vault=STORAGE,
                    friendly_name="mine",
                    hbi_workspace=False,
                    public_network_access="Enabled",
                    system_datastores_auth_mode="Identity",
                    v1_legacy_mode=False,
                    enable_data_isolation=False,
                    allow_public_access_when_behind_vnet=False,
                    enable_service_side_cmk_encryption=False,
                    managed_network=ml_models.ManagedNetworkSettings(
                        isolation_mode="Disabled",
                        enable_network_monitor=False,  # said by Pulumi's SDK itself
                    ),
                ),
            ),
        ),
    ),
    "cluster": (
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
                    scale_settings=ml.ScaleSettingsArgs(
                        min_node_count=0,
                        max_node_count=4,
                        node_idle_time_before_scale_down="PT2M",
                    ),
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
                        scale_settings=ml_models.ScaleSettings(
                            min_node_count=0,
                            max_node_count=4,
                            node_idle_time_before_scale_down="PT2M",
                        ),
                        subnet=ml_models.ResourceId(id=SUBNET),
                    ),
                ),
            ),
        ),
    ),
    "datastore": (
        "machinelearningservices:Datastore",
        ml.DatastoreArgs(
            resource_group_name="rg",
            workspace_name="mlw",
            name="blob",
            properties=ml.AzureBlobDatastoreArgs(
                datastore_type="AzureBlob",
                account_name="st",
                container_name="data",
                credentials=ml.AccountKeyDatastoreCredentialsArgs(
                    credentials_type="AccountKey",
                    secrets=ml.AccountKeyDatastoreSecretsArgs(
                        secrets_type="AccountKey", key="secret"
                    ),
                ),
                service_data_access_auth_identity="WorkspaceSystemAssignedIdentity",
            ),
        ),
        MachineLearningServicesMgmtClient,
        lambda c: c.datastores.create_or_update(
            "rg",
            "mlw",
            "blob",
            ml_models.Datastore(
                properties=ml_models.AzureBlobDatastore(
                    account_name="st",
                    container_name="data",
                    credentials=ml_models.AccountKeyDatastoreCredentials(
                        secrets=ml_models.AccountKeyDatastoreSecrets(key="secret")
                    ),
                    service_data_access_auth_identity="WorkspaceSystemAssignedIdentity",
                )
            ),
        ),
    ),
    "lake": (
        "machinelearningservices:Datastore",
        ml.DatastoreArgs(
            resource_group_name="rg",
            workspace_name="mlw",
            name="lake",
            properties=ml.AzureDataLakeGen2DatastoreArgs(
                datastore_type="AzureDataLakeGen2",
                account_name="dls",
                filesystem="raw",
                subscription_id=SUBSCRIPTION,
                resource_group="rg",
                credentials=ml.NoneDatastoreCredentialsArgs(credentials_type="None"),
            ),
        ),
        MachineLearningServicesMgmtClient,
        lambda c: c.datastores.create_or_update(
            "rg",
            "mlw",
            "lake",
            ml_models.Datastore(
                properties=ml_models.AzureDataLakeGen2Datastore(
                    account_name="dls",
                    filesystem="raw",
                    subscription_id=SUBSCRIPTION,
                    resource_group="rg",
                    credentials=ml_models.NoneDatastoreCredentials(),
                    service_data_access_auth_identity="None",
                )
            ),
        ),
    ),
    "connection": (
        "machinelearningservices:WorkspaceConnection",
        {
            "resourceGroupName": "rg",
            "workspaceName": "mlw",
            "connectionName": "sales",
            "properties": {
                "authType": "UsernamePassword",
                "category": "AzureSqlDb",
                "target": "there",
                "isSharedToAll": True,
                "credentials": {"username": "u", "password": "secret"},
            },
        },
        MachineLearningServicesMgmtClient,
        lambda c: c.workspace_connections.create(
            "rg",
            "mlw",
            "sales",
            ml_models.WorkspaceConnectionPropertiesV2BasicResource(
                properties=ml_models.UsernamePasswordAuthTypeWorkspaceConnectionProperties(
                    category="AzureSqlDb",
                    target="there",
                    is_shared_to_all=True,
                    credentials=ml_models.WorkspaceConnectionUsernamePassword(
                        username="u", password="secret"
                    ),
                )
            ),
        ),
    ),
    "endpoint": (
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

"""A workspace with what it needs and a cluster: one resource of most kinds."""

import pulumi
from pulumi_azure_native import authorization, keyvault, managedidentity, resources, storage
from pulumi_azure_native import machinelearningservices as ml

most = pulumi.Config().get_int("nodes") or 2
who = authorization.get_client_config_output()
group = resources.ResourceGroup("rg", location="East US")
identity = managedidentity.UserAssignedIdentity("id", resource_group_name=group.name)
account = storage.StorageAccount(
    "st",
    resource_group_name=group.name,
    kind="StorageV2",
    sku=storage.SkuArgs(name="Standard_LRS"),
)
container = storage.BlobContainer("data", resource_group_name=group.name, account_name=account.name)
vault = keyvault.Vault(
    "kv",
    resource_group_name=group.name,
    properties=keyvault.VaultPropertiesArgs(
        tenant_id=who.tenant_id,
        sku=keyvault.SkuArgs(family="A", name="standard"),
        enable_rbac_authorization=True,
    ),
)
workspace = ml.Workspace(
    "mlw",
    resource_group_name=group.name,
    identity=ml.ManagedServiceIdentityArgs(
        type="UserAssigned", user_assigned_identities=[identity.id]
    ),
    primary_user_assigned_identity=identity.id,
    storage_account=account.id,
    key_vault=vault.id,
)
cluster = ml.Compute(
    "cpu",
    resource_group_name=group.name,
    workspace_name=workspace.name,
    compute_name="cpu-cluster",
    properties=ml.AmlComputeArgs(
        compute_type="AmlCompute",
        properties=ml.AmlComputePropertiesArgs(
            vm_size="Standard_DS2_v2",
            scale_settings=ml.ScaleSettingsArgs(min_node_count=0, max_node_count=most),
        ),
    ),
)
keys = storage.list_storage_account_keys_output(
    account_name=account.name, resource_group_name=group.name
)
pulumi.export("group", group.name)
pulumi.export("account", account.id)
pulumi.export("container", container.id)
pulumi.export("cluster", cluster.id)
pulumi.export("key", keys.keys[0].value)

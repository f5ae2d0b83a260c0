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
grant = authorization.RoleAssignment(
    "grant",
    principal_id=identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=pulumi.Output.concat(
        "/subscriptions/",
        who.subscription_id,
        "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c",
    ),
    scope=group.id,
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
    # It acts as an identity that must have its roles by then.
    opts=pulumi.ResourceOptions(depends_on=[grant]),
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

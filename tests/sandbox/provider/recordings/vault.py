"""Vaults with their keys and secrets."""

from __future__ import annotations

from typing import Any

from azure.mgmt.keyvault import KeyVaultManagementClient
from azure.mgmt.keyvault import models as vault_models
from pulumi_azure_native import keyvault

from tests.sandbox.provider.recordings.recorder import SUBSCRIPTION, Pair

SWITCHES: dict[str, Any] = {
    "tenant_id": SUBSCRIPTION,
    "enable_rbac_authorization": True,
    "enable_purge_protection": True,
    "enable_soft_delete": True,
    "enabled_for_deployment": False,
    "enabled_for_disk_encryption": False,
    "enabled_for_template_deployment": False,
    "soft_delete_retention_in_days": 7,
    "public_network_access": "disabled",
}
RSA: dict[str, Any] = {"kty": "RSA", "key_size": 3072}
LIFE: dict[str, Any] = {"enabled": True, "expires": 2, "not_before": 1}

PAIRS: dict[str, Pair] = {
    "vault": Pair(
        "keyvault:Vault",
        keyvault.VaultArgs(
            resource_group_name="rg",
            vault_name="kv",
            location="eastus",
            properties=keyvault.VaultPropertiesArgs(
                sku=keyvault.SkuArgs(family="A", name="standard"),
                network_acls=keyvault.NetworkRuleSetArgs(
                    bypass="AzureServices",
                    default_action="Deny",
                    ip_rules=[keyvault.IPRuleArgs(value="1.2.3.4")],
                ),
                **SWITCHES,
            ),
        ),
        KeyVaultManagementClient,
        lambda c: c.vaults.begin_create_or_update(
            "rg",
            "kv",
            vault_models.VaultCreateOrUpdateParameters(
                location="eastus",
                properties=vault_models.VaultProperties(
                    sku=vault_models.Sku(family="A", name="standard"),
                    network_acls=vault_models.NetworkRuleSet(
                        bypass="AzureServices",
                        default_action="Deny",
                        ip_rules=[vault_models.IPRule(value="1.2.3.4")],
                    ),
                    **SWITCHES,
                ),
            ),
        ),
    ),
    "key": Pair(
        "keyvault:Key",
        keyvault.KeyArgs(
            resource_group_name="rg",
            vault_name="kv",
            key_name="k",
            tags={"a": "b"},
            properties=keyvault.KeyPropertiesArgs(
                key_ops=["wrapKey"], attributes=keyvault.KeyAttributesArgs(**LIFE), **RSA
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
                    key_ops=["wrapKey"],
                    attributes=vault_models.KeyAttributes(exportable=False, **LIFE),
                    **RSA,
                ),
            ),
        ),
    ),
    "key that is rotated": Pair(
        "keyvault:Key",
        keyvault.KeyArgs(
            resource_group_name="rg",
            vault_name="kv",
            key_name="cmk",
            properties=keyvault.KeyPropertiesArgs(
                key_ops=["wrapKey", "unwrapKey"],
                rotation_policy=keyvault.RotationPolicyArgs(
                    lifetime_actions=[
                        keyvault.LifetimeActionArgs(
                            action=keyvault.ActionArgs(type="rotate"),
                            trigger=keyvault.TriggerArgs(time_after_create="P365D"),
                        )
                    ]
                ),
                **RSA,
            ),
        ),
        KeyVaultManagementClient,
        lambda c: c.keys.create_if_not_exist(
            "rg",
            "kv",
            "cmk",
            vault_models.KeyCreateParameters(
                properties=vault_models.KeyProperties(
                    key_ops=["wrapKey", "unwrapKey"],
                    rotation_policy=vault_models.RotationPolicy(
                        lifetime_actions=[
                            vault_models.LifetimeAction(
                                action=vault_models.Action(type="rotate"),
                                trigger=vault_models.Trigger(time_after_create="P365D"),
                            )
                        ]
                    ),
                    **RSA,
                )
            ),
        ),
    ),
    "secret": Pair(
        "keyvault:Secret",
        keyvault.SecretArgs(
            resource_group_name="rg",
            vault_name="kv",
            secret_name="s",
            tags={"a": "b"},
            properties=keyvault.SecretPropertiesArgs(
                value="v",
                content_type="text/plain",
                attributes=keyvault.SecretAttributesArgs(**LIFE),
            ),
        ),
        KeyVaultManagementClient,
        lambda c: c.secrets.create_or_update(
            "rg",
            "kv",
            "s",
            vault_models.SecretCreateOrUpdateParameters(
                tags={"a": "b"},
                properties=vault_models.SecretProperties(
                    value="v",
                    content_type="text/plain",
                    attributes=vault_models.SecretAttributes(**LIFE),
                ),
            ),
        ),
    ),
}

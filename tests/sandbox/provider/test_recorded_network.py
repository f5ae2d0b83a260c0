"""Networks and encryption: the plugin's requests are those of Microsoft's own clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi_azure_native.keyvault as vault
import pulumi_azure_native.machinelearningservices as ml
import pulumi_azure_native.network as network
import pulumi_azure_native.privatedns as dns
import pulumi_azure_native.storage as storage
import pytest
from azure.ai.ml._restclient.arm_ml_service import MachineLearningServicesMgmtClient
from azure.ai.ml._restclient.arm_ml_service import models as ml_models
from azure.mgmt.keyvault import KeyVaultManagementClient
from azure.mgmt.keyvault import models as vault_models
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.network import models as network_models
from azure.mgmt.privatedns import PrivateDnsManagementClient
from azure.mgmt.privatedns import models as dns_models
from azure.mgmt.storage import StorageManagementClient
from azure.mgmt.storage import models as storage_models

from sandbox.provider.table import resource_type
from sandbox.provider.translate import request_body, resource_id
from tests.sandbox.provider.test_recorded import (
    GROUP,
    IDENTITY,
    STORAGE,
    SUBNET,
    SUBSCRIPTION,
    plain,
    recorded,
)

NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v"
RULES = f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/nsg"
GATEWAY = f"{GROUP}/providers/Microsoft.Network/natGateways/ng"
ADDRESS = f"{GROUP}/providers/Microsoft.Network/publicIPAddresses/pip"
ZONE = f"{GROUP}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv"
KEY = "https://kv.vault.azure.net/keys/cmk/1"

PAIRS: dict[str, tuple[str, Any, Any, Callable[[Any], Any]]] = {
    "network": (
        "network:VirtualNetwork",
        network.virtual_network.VirtualNetworkInitArgs(
            resource_group_name="rg",
            virtual_network_name="v",
            location="eastus",
            address_space=network.AddressSpaceArgs(address_prefixes=["10.0.0.0/16"]),
            subnets=[
                network.SubnetArgs(
                    name="s",
                    address_prefix="10.0.0.0/24",
                    default_outbound_access=False,
                    network_security_group={"id": RULES},
                    nat_gateway=network.SubResourceArgs(id=GATEWAY),
                    private_endpoint_network_policies="Enabled",
                )
            ],
        ),
        NetworkManagementClient,
        lambda c: c.virtual_networks.begin_create_or_update(
            "rg",
            "v",
            network_models.VirtualNetwork(
                location="eastus",
                properties=network_models.VirtualNetworkPropertiesFormat(
                    address_space=network_models.AddressSpace(address_prefixes=["10.0.0.0/16"]),
                    # What the SDK's argument classes say by themselves.
                    enable_ddos_protection=False,
                    enable_vm_protection=False,
                    subnets=[
                        network_models.Subnet(
                            name="s",
                            properties=network_models.SubnetPropertiesFormat(
                                address_prefix="10.0.0.0/24",
                                default_outbound_access=False,
                                network_security_group=network_models.NetworkSecurityGroup(
                                    id=RULES
                                ),
                                nat_gateway=network_models.SubResource(id=GATEWAY),
                                private_endpoint_network_policies="Enabled",
                                private_link_service_network_policies="Enabled",
                            ),
                        )
                    ],
                ),
            ),
        ),
    ),
    "rules": (
        "network:NetworkSecurityGroup",
        network.network_security_group.NetworkSecurityGroupInitArgs(
            resource_group_name="rg",
            network_security_group_name="nsg",
            location="eastus",
            security_rules=[
                network.SecurityRuleArgs(
                    name="r",
                    priority=100,
                    direction="Outbound",
                    access="Allow",
                    protocol="Tcp",
                    source_address_prefix="VirtualNetwork",
                    source_port_range="*",
                    destination_address_prefix="AzureMonitor",
                    destination_port_ranges=["443"],
                )
            ],
        ),
        NetworkManagementClient,
        lambda c: c.network_security_groups.begin_create_or_update(
            "rg",
            "nsg",
            network_models.NetworkSecurityGroup(
                location="eastus",
                properties=network_models.NetworkSecurityGroupPropertiesFormat(
                    security_rules=[
                        network_models.SecurityRule(
                            name="r",
                            properties=network_models.SecurityRulePropertiesFormat(
                                priority=100,
                                direction="Outbound",
                                access="Allow",
                                protocol="Tcp",
                                source_address_prefix="VirtualNetwork",
                                source_port_range="*",
                                destination_address_prefix="AzureMonitor",
                                destination_port_ranges=["443"],
                            ),
                        )
                    ]
                ),
            ),
        ),
    ),
    "gateway": (
        "network:NatGateway",
        network.nat_gateway.NatGatewayInitArgs(
            resource_group_name="rg",
            nat_gateway_name="ng",
            location="eastus",
            sku=network.NatGatewaySkuArgs(name="Standard"),
            public_ip_addresses=[network.SubResourceArgs(id=ADDRESS)],
        ),
        NetworkManagementClient,
        lambda c: c.nat_gateways.begin_create_or_update(
            "rg",
            "ng",
            network_models.NatGateway(
                location="eastus",
                sku=network_models.NatGatewaySku(name="Standard"),
                properties=network_models.NatGatewayPropertiesFormat(
                    public_ip_addresses=[network_models.SubResource(id=ADDRESS)]
                ),
            ),
        ),
    ),
    "endpoint": (
        "network:PrivateEndpoint",
        network.private_endpoint.PrivateEndpointArgs(
            resource_group_name="rg",
            private_endpoint_name="pep",
            location="eastus",
            custom_network_interface_name="pep-nic",
            subnet={"id": SUBNET},
            private_link_service_connections=[
                network.PrivateLinkServiceConnectionArgs(
                    name="l", private_link_service_id=STORAGE, group_ids=["blob"]
                )
            ],
        ),
        NetworkManagementClient,
        lambda c: c.private_endpoints.begin_create_or_update(
            "rg",
            "pep",
            network_models.PrivateEndpoint(
                location="eastus",
                properties=network_models.PrivateEndpointProperties(
                    custom_network_interface_name="pep-nic",
                    subnet=network_models.Subnet(id=SUBNET),
                    private_link_service_connections=[
                        network_models.PrivateLinkServiceConnection(
                            name="l",
                            properties=network_models.PrivateLinkServiceConnectionProperties(
                                private_link_service_id=STORAGE, group_ids=["blob"]
                            ),
                        )
                    ],
                ),
            ),
        ),
    ),
    "names": (
        "network:PrivateDnsZoneGroup",
        network.PrivateDnsZoneGroupArgs(
            resource_group_name="rg",
            private_endpoint_name="pep",
            private_dns_zone_group_name="default",
            private_dns_zone_configs=[
                network.PrivateDnsZoneConfigArgs(name="z", private_dns_zone_id=ZONE)
            ],
        ),
        NetworkManagementClient,
        lambda c: c.private_dns_zone_groups.begin_create_or_update(
            "rg",
            "pep",
            "default",
            network_models.PrivateDnsZoneGroup(
                properties=network_models.PrivateDnsZoneGroupPropertiesFormat(
                    private_dns_zone_configs=[
                        network_models.PrivateDnsZoneConfig(
                            name="z",
                            properties=network_models.PrivateDnsZonePropertiesFormat(
                                private_dns_zone_id=ZONE
                            ),
                        )
                    ]
                )
            ),
        ),
    ),
    "zone": (
        "privatedns:PrivateZone",
        dns.PrivateZoneArgs(
            resource_group_name="rg",
            private_zone_name="privatelink.azurecr.io",
            location="global",
            tags={"a": "b"},
        ),
        PrivateDnsManagementClient,
        lambda c: c.private_zones.begin_create_or_update(
            "rg",
            "privatelink.azurecr.io",
            dns_models.PrivateZone(location="global", tags={"a": "b"}),
        ),
    ),
    "link": (
        "privatedns:VirtualNetworkLink",
        dns.VirtualNetworkLinkArgs(
            resource_group_name="rg",
            private_zone_name="privatelink.azurecr.io",
            virtual_network_link_name="l",
            location="global",
            registration_enabled=False,
            virtual_network=dns.SubResourceArgs(id=NETWORK),
        ),
        PrivateDnsManagementClient,
        lambda c: c.virtual_network_links.begin_create_or_update(
            "rg",
            "privatelink.azurecr.io",
            "l",
            dns_models.VirtualNetworkLink(
                location="global",
                properties=dns_models.VirtualNetworkLinkProperties(
                    registration_enabled=False, virtual_network=dns_models.SubResource(id=NETWORK)
                ),
            ),
        ),
    ),
    "key": (
        "keyvault:Key",
        vault.KeyArgs(
            resource_group_name="rg",
            vault_name="kv",
            key_name="cmk",
            properties=vault.KeyPropertiesArgs(
                kty="RSA",
                key_size=3072,
                key_ops=["wrapKey", "unwrapKey"],
                rotation_policy=vault.RotationPolicyArgs(
                    lifetime_actions=[
                        vault.LifetimeActionArgs(
                            action=vault.ActionArgs(type="rotate"),
                            trigger=vault.TriggerArgs(time_after_create="P365D"),
                        )
                    ]
                ),
            ),
        ),
        KeyVaultManagementClient,
        lambda c: c.keys.create_if_not_exist(
            "rg",
            "kv",
            "cmk",
            vault_models.KeyCreateParameters(
                properties=vault_models.KeyProperties(
                    kty="RSA",
                    key_size=3072,
                    key_ops=["wrapKey", "unwrapKey"],
                    rotation_policy=vault_models.RotationPolicy(
                        lifetime_actions=[
                            vault_models.LifetimeAction(
                                action=vault_models.Action(type="rotate"),
                                trigger=vault_models.Trigger(time_after_create="P365D"),
                            )
                        ]
                    ),
                )
            ),
        ),
    ),
    "files": (
        "storage:FileServiceProperties",
        storage.FileServicePropertiesArgs(
            resource_group_name="rg",
            account_name="st",
            file_services_name="default",
            share_delete_retention_policy=storage.DeleteRetentionPolicyArgs(enabled=True, days=7),
        ),
        StorageManagementClient,
        lambda c: c.file_services.set_service_properties(
            "rg",
            "st",
            storage_models.FileServiceProperties(
                file_service_properties=storage_models.FileServicePropertiesProperties(
                    share_delete_retention_policy=storage_models.DeleteRetentionPolicy(
                        enabled=True, days=7
                    )
                )
            ),
        ),
    ),
    "managed network": (
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

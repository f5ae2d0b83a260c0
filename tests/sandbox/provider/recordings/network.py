"""Virtual networks, private endpoints and the zones of their names."""

from __future__ import annotations

from typing import Any

from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.network import models as network_models
from azure.mgmt.privatedns import PrivateDnsManagementClient
from azure.mgmt.privatedns import models as dns_models
from pulumi_azure_native import network, privatedns

from tests.sandbox.provider.recordings.recorder import ADDRESS, GROUP, STORAGE, SUBNET, Pair

NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v"
RULES = f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/nsg"
GATEWAY = f"{GROUP}/providers/Microsoft.Network/natGateways/ng"
ZONE = f"{GROUP}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io"
RULE: dict[str, Any] = {
    "priority": 100,
    "direction": "Outbound",
    "access": "Allow",
    "protocol": "Tcp",
    "source_address_prefix": "VirtualNetwork",
    "source_port_range": "*",
    "destination_address_prefix": "AzureMonitor",
    "destination_port_ranges": ["443"],
}

PAIRS: dict[str, Pair] = {
    "network": Pair(
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
    "rules": Pair(
        "network:NetworkSecurityGroup",
        network.network_security_group.NetworkSecurityGroupInitArgs(
            resource_group_name="rg",
            network_security_group_name="nsg",
            location="eastus",
            security_rules=[network.SecurityRuleArgs(name="r", **RULE)],
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
                            properties=network_models.SecurityRulePropertiesFormat(**RULE),
                        )
                    ]
                ),
            ),
        ),
    ),
    "address": Pair(
        "network:PublicIPAddress",
        network.public_ip_address.PublicIPAddressInitArgs(
            resource_group_name="rg",
            public_ip_address_name="pip",
            location="eastus",
            zones=["1"],
            sku=network.PublicIPAddressSkuArgs(name="Standard"),
            public_ip_allocation_method="Static",
            dns_settings=network.PublicIPAddressDnsSettingsArgs(domain_name_label="here"),
        ),
        NetworkManagementClient,
        lambda c: c.public_ip_addresses.begin_create_or_update(
            "rg",
            "pip",
            network_models.PublicIPAddress(
                location="eastus",
                zones=["1"],
                sku=network_models.PublicIPAddressSku(name="Standard"),
                properties=network_models.PublicIPAddressPropertiesFormat(
                    public_ip_allocation_method="Static",
                    dns_settings=network_models.PublicIPAddressDnsSettings(
                        domain_name_label="here"
                    ),
                ),
            ),
        ),
    ),
    "gateway": Pair(
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
    "interface": Pair(
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
    "private endpoint": Pair(
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
    "zone group": Pair(
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
    "zone": Pair(
        "privatedns:PrivateZone",
        privatedns.PrivateZoneArgs(
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
    "link": Pair(
        "privatedns:VirtualNetworkLink",
        privatedns.VirtualNetworkLinkArgs(
            resource_group_name="rg",
            private_zone_name="privatelink.azurecr.io",
            virtual_network_link_name="l",
            location="global",
            registration_enabled=False,
            virtual_network=privatedns.SubResourceArgs(id=NETWORK),
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
}

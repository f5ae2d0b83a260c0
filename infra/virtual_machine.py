"""A Linux virtual machine that the workspace's jobs run on, with what it needs to be reached."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import compute, network

from infra import settings
from infra.names import Names
from infra.placement import Placement
from infra.settings import table

ADDRESSES = "10.90.0.0/24"
"""Of a machine's own network, where it has no other: nothing else is in it."""


@dataclass(frozen=True)
class VirtualMachineArgs:
    key: str
    names: Names
    placement: Placement
    machine: settings.NewMachine
    user: str
    public_key: str
    port: int
    identity: pulumi.Input[str]
    """Id of the user-assigned identity of the machine."""
    subnet: pulumi.Input[str] | None = None
    """Where its settings name none; None: it gets a network of its own."""


class VirtualMachine(pulumi.ComponentResource):
    """Does not manage what is installed on it, nor whether it runs.

    Who logs in has the key: there is no password. Its disk goes with it.
    """

    def __init__(
        self, name: str, args: VirtualMachineArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:VirtualMachine", name, None, opts)
        subnet = args.machine.subnet or args.subnet or self._network(name, args)
        self.address = self._address(name, args) if args.machine.public_ip else None
        self.interface = network.NetworkInterface(
            f"{name}-interface",
            network_interface_name=args.names.machine("nic", args.key),
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            enable_ip_forwarding=False,
            ip_configurations=[
                {
                    "name": "internal",
                    "subnet": {"id": subnet},
                    "private_ip_allocation_method": "Dynamic",
                    **({"public_ip_address": {"id": self.address.id}} if self.address else {}),
                }
            ],
            tags=args.placement.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.machine = compute.VirtualMachine(
            f"{name}-machine",
            vm_name=args.names.machine("vm", args.key),
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            hardware_profile={"vm_size": args.machine.size},
            identity={"type": "UserAssigned", "user_assigned_identities": [args.identity]},
            network_profile={
                "network_interfaces": [
                    {"id": self.interface.id, "primary": True, "delete_option": "Detach"}
                ]
            },
            os_profile={
                "computer_name": args.names.machine("vm", args.key),
                "admin_username": args.user,
                "linux_configuration": {
                    "disable_password_authentication": True,
                    "ssh": {
                        "public_keys": [
                            {
                                "path": f"/home/{args.user}/.ssh/authorized_keys",
                                "key_data": args.public_key,
                            }
                        ]
                    },
                },
            },
            security_profile={
                "security_type": "TrustedLaunch",
                "uefi_settings": {"secure_boot_enabled": True, "v_tpm_enabled": True},
            },
            storage_profile={
                "image_reference": table("vm-images.yaml")[args.machine.image],
                "os_disk": {
                    "name": args.names.machine("osdisk", args.key),
                    "create_option": "FromImage",
                    "delete_option": "Delete",
                    "disk_size_gb": args.machine.disk_gb,
                    "managed_disk": {"storage_account_type": "Premium_LRS"},
                    "os_type": "Linux",
                },
            },
            tags=args.placement.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"id": self.machine.id})

    def _network(self, name: str, args: VirtualMachineArgs) -> pulumi.Output[str]:
        """A network that holds nothing else; SSH comes in by the public address that settings ask
        for where they name no subnet.
        """
        group = network.NetworkSecurityGroup(
            f"{name}-rules",
            network_security_group_name=args.names.machine("nsg", args.key),
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            security_rules=[
                _rule("ssh", 100, "Allow", str(args.port)),
                _rule("nothing-else", 4096, "Deny", "*"),
            ],
            tags=args.placement.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        made = network.VirtualNetwork(
            f"{name}-network",
            virtual_network_name=args.names.machine("vnet", args.key),
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            address_space={"address_prefixes": [ADDRESSES]},
            subnets=[
                {
                    "name": "machine",
                    "address_prefix": ADDRESSES,
                    "network_security_group": {"id": group.id},
                    # Its way out is its public address, which it has wherever this network is.
                    "default_outbound_access": False,
                }
            ],
            tags=args.placement.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return pulumi.Output.concat(made.id, "/subnets/machine")

    def _address(self, name: str, args: VirtualMachineArgs) -> network.PublicIPAddress:
        return network.PublicIPAddress(
            f"{name}-address",
            public_ip_address_name=args.names.machine("pip", args.key),
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            sku={"name": "Standard", "tier": "Regional"},
            public_ip_allocation_method="Static",
            tags=args.placement.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )


def _rule(name: str, priority: int, access: str, ports: str) -> dict[str, object]:
    return {
        "name": name,
        "priority": priority,
        "direction": "Inbound",
        "access": access,
        "protocol": "Tcp" if ports != "*" else "*",
        "source_address_prefix": "AzureMachineLearning" if access == "Allow" else "*",
        "source_port_range": "*",
        "destination_address_prefix": "*",
        "destination_port_range": ports,
    }

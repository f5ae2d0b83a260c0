"""Virtual machines with disk, interface and address, through the official clients."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.sandbox.resources.conftest import Clients, code

IMAGE = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server"}
LINUX = {
    "disablePasswordAuthentication": True,
    "ssh": {"publicKeys": [{"keyData": "ssh-rsa AAAA"}]},
}


@pytest.fixture
def interface(clients: Clients, group: str) -> str:
    """The id of an interface with a public address, in a network of its own."""
    network = {
        "location": "eastus",
        "properties": {
            "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
            "subnets": [{"name": "s", "properties": {"addressPrefix": "10.1.0.0/24"}}],
        },
    }
    made = clients.networks.virtual_networks.begin_create_or_update(group, "vnet", network).result()
    address = {"location": "eastus", "sku": {"name": "Standard"}, "properties": {}}
    public = clients.networks.public_ip_addresses.begin_create_or_update(
        group, "pip", address
    ).result()
    configuration = {
        "name": "internal",
        "properties": {
            "subnet": {"id": f"{made.id}/subnets/s"},
            "publicIPAddress": {"id": public.id},
        },
    }
    body = {"location": "eastus", "properties": {"ipConfigurations": [configuration]}}
    found = clients.networks.network_interfaces.begin_create_or_update(group, "nic", body).result()
    return str(found.id)


def machine(interface: str, **profile: Any) -> dict[str, Any]:
    user = {"adminUsername": "me", "computerName": "vm", "linuxConfiguration": LINUX}
    return {
        "location": "eastus",
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_DS3_v2"},
            "networkProfile": {"networkInterfaces": [{"id": interface}]},
            "osProfile": {**user, **profile},
            "storageProfile": {
                "imageReference": IMAGE,
                "osDisk": {"createOption": "FromImage", "deleteOption": "Delete", "name": "disk"},
            },
        },
    }


def test_a_machine_takes_its_interface_and_disk(
    clients: Clients, group: str, interface: str
) -> None:
    machines = clients.machines.virtual_machines
    made = machines.begin_create_or_update(group, "vm", machine(interface)).result()
    disk = clients.disks.disks.get(group, "disk")
    assert disk.managed_by == made.id
    listed = clients.resources.resources.list_by_resource_group(group)
    assert {item.name: item.managed_by for item in listed}["disk"] == made.id
    used = clients.networks.network_interfaces.get(group, "nic")
    assert used.properties.virtual_machine.id == made.id
    assert used.properties.ip_configurations[0].properties.private_ip_address == "10.1.0.4"
    for kind, name, expected in (
        (clients.networks.network_interfaces, "nic", "NicInUse"),
        (clients.disks.disks, "disk", "OperationNotAllowed"),
        (clients.networks.public_ip_addresses, "pip", "PublicIPAddressCannotBeDeleted"),
    ):
        with pytest.raises(HttpResponseError) as refused:
            kind.begin_delete(group, name).result()
        assert code(refused) == (409, expected)
    with pytest.raises(HttpResponseError) as taken:
        machines.begin_create_or_update(group, "vm2", machine(interface)).result()
    assert code(taken) == (409, "NicInUse")
    machines.begin_delete(group, "vm").result()
    with pytest.raises(ResourceNotFoundError):
        clients.disks.disks.get(group, "disk")
    clients.networks.network_interfaces.begin_delete(group, "nic").result()
    clients.networks.public_ip_addresses.begin_delete(group, "pip").result()


def test_a_second_put_changes_nothing(clients: Clients, group: str, interface: str) -> None:
    machines = clients.machines.virtual_machines
    first = machines.begin_create_or_update(group, "vm", machine(interface)).result()
    second = machines.begin_create_or_update(group, "vm", machine(interface)).result()
    assert first.properties.vm_id == second.properties.vm_id
    assert [item.name for item in machines.list(group)] == ["vm"]


def test_a_machine_is_stopped_and_started(clients: Clients, group: str, interface: str) -> None:
    machines = clients.machines.virtual_machines
    machines.begin_create_or_update(group, "vm", machine(interface)).result()

    def power() -> str:
        statuses = machines.instance_view(group, "vm").statuses
        return str(next(one.code for one in statuses if one.code.startswith("PowerState/")))

    assert power() == "PowerState/running"
    machines.begin_deallocate(group, "vm").result()
    assert power() == "PowerState/deallocated"
    machines.begin_start(group, "vm").result()
    assert power() == "PowerState/running"


@pytest.mark.parametrize(
    ("profile", "target"),
    [
        ({"adminUsername": "root"}, "adminUsername"),
        (
            {"linuxConfiguration": {"disablePasswordAuthentication": True}},
            "linuxConfiguration.ssh.publicKeys",
        ),
        ({"linuxConfiguration": {}}, "adminPassword"),
    ],
)
def test_a_user_who_cannot_log_in_is_refused(
    clients: Clients, group: str, interface: str, profile: dict[str, Any], target: str
) -> None:
    machines = clients.machines.virtual_machines
    with pytest.raises(HttpResponseError) as refused:
        machines.begin_create_or_update(group, "vm", machine(interface, **profile)).result()
    assert refused.value.error
    assert refused.value.error.target == f"properties.osProfile.{target}"


def test_a_password_is_never_answered(clients: Clients, group: str, interface: str) -> None:
    machines = clients.machines.virtual_machines
    wanted = machine(interface, linuxConfiguration={}, adminPassword="pass phrase")
    made = machines.begin_create_or_update(group, "vm", wanted).result()
    assert "pass phrase" not in str(made.as_dict())


@pytest.mark.parametrize("bad", ["a" * 65, "my~vm", "my vm", "vm.", "a,b"])
def test_names_that_azure_refuses_are_refused(
    clients: Clients, group: str, interface: str, bad: str
) -> None:
    with pytest.raises(HttpResponseError) as refused:
        clients.machines.virtual_machines.begin_create_or_update(
            group, bad, machine(interface)
        ).result()
    assert code(refused) == (400, "InvalidResourceName")


def test_a_machine_needs_an_interface_that_is_there(clients: Clients, group: str) -> None:
    nowhere = (
        f"/subscriptions/{clients.sandbox.subscription}/resourceGroups/{group}/providers/"
        "Microsoft.Network/networkInterfaces/nowhere"
    )
    with pytest.raises(HttpResponseError) as refused:
        clients.machines.virtual_machines.begin_create_or_update(
            group, "vm", machine(nowhere)
        ).result()
    assert code(refused) == (400, "InvalidResourceReference")

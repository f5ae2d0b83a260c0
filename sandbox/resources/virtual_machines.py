"""Virtual machines with their disks, network interfaces and public addresses.

There is no machine behind: what a workspace runs on one runs here.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import uuid
from typing import TYPE_CHECKING, Any

from sandbox.arm.answers import Response
from sandbox.arm.errors import conflict, invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.references import users
from sandbox.arm.request import Request
from sandbox.arm.resource import SUCCEEDED, Resource
from sandbox.arm.routes import Route
from sandbox.arm.types import Action, Body, Change, ResourceType
from sandbox.arm.writes import dig

if TYPE_CHECKING:
    from sandbox.azure import Azure

MACHINES = "Microsoft.Compute/virtualMachines"
DISKS = "Microsoft.Compute/disks"
INTERFACES = "Microsoft.Network/networkInterfaces"
ADDRESSES = "Microsoft.Network/publicIPAddresses"
_RESERVED = ("admin", "administrator", "guest", "root", "test", "user")
_RESERVED_ADDRESSES = 4
"""The first of every subnet, which are Azure's own."""


def address_of(azure: Azure, machine: Resource) -> str | None:
    """The machine's public address, else its private one."""
    for interface in _interfaces(azure, machine.properties):
        for configuration in interface.properties["ipConfigurations"]:
            inner = configuration["properties"]
            named = (inner.get("publicIPAddress") or {}).get("id")
            public = azure.resources.get(ResourceId.parse(named)) if named else None
            found = (public.properties if public else inner).get(
                "ipAddress" if public else "privateIPAddress"
            )
            if found:
                return str(found)
    return None


def _interfaces(azure: Azure, properties: dict[str, Any]) -> list[Resource]:
    listed = (properties.get("networkProfile") or {}).get("networkInterfaces") or []
    found = (azure.resources.get(ResourceId.parse(item["id"])) for item in listed)
    return [interface for interface in found if interface]


def _prepare(azure: Azure, change: Change) -> None:
    machine, properties = change.resource, change.resource.properties
    if not dig(properties, "hardwareProfile.vmSize"):
        raise invalid("A machine needs a size.", "properties.hardwareProfile.vmSize")
    _check_interfaces(azure, machine)
    _prepare_user(machine, created=change.previous is None)
    disk = properties.setdefault("storageProfile", {}).setdefault("osDisk", {})
    before = dig(change.previous.properties, "storageProfile.osDisk") if change.previous else None
    disk["createOption"] = disk.get("createOption") or "FromImage"
    disk["name"] = disk.get("name") or (before or {}).get("name") or f"{machine.name}_OsDisk_1"
    disk["osType"] = disk.get("osType") or "Linux"
    disk["deleteOption"] = disk.get("deleteOption") or "Detach"
    group = machine.id.group_id
    managed = disk["managedDisk"] = disk.get("managedDisk") or {}
    managed["id"] = managed.get("id") or str(group.child(DISKS, disk["name"]) if group else "")
    properties["vmId"] = machine.private.setdefault("vm_id", str(uuid.uuid4()))
    machine.private.setdefault("power", "running")


def _check_interfaces(azure: Azure, machine: Resource) -> None:
    listed = dig(machine.properties, "networkProfile.networkInterfaces") or []
    at = "properties.networkProfile.networkInterfaces"
    if not listed:
        raise invalid("A machine needs a network interface.", at)
    for number, item in enumerate(listed):
        found = azure.resources.get(ResourceId.parse(str(item.get("id"))))
        if found is None or found.type.lower() != INTERFACES.lower():
            raise invalid(
                f"The network interface '{item.get('id')}' was not found.",
                f"{at}[{number}].id",
                code="InvalidResourceReference",
            )
        user = (found.properties.get("virtualMachine") or {}).get("id", "")
        if user and user.lower() != machine.id.key:
            raise conflict(
                f"The network interface '{found.name}' is in use by '{user}'.", "NicInUse"
            )


def _prepare_user(machine: Resource, *, created: bool) -> None:
    profile = machine.properties.get("osProfile")
    if not profile:
        if created and dig(machine.properties, "storageProfile.imageReference"):
            raise invalid("A machine out of an image needs a user.", "properties.osProfile")
        return
    name = str(profile.get("adminUsername") or "")
    if not name or name.lower() in _RESERVED:
        raise invalid(
            f"'{name}' cannot be the administrator's name; reserved are {', '.join(_RESERVED)}.",
            "properties.osProfile.adminUsername",
        )
    password = profile.pop("adminPassword", None)
    if password:
        machine.private["password"] = password
    linux = profile.get("linuxConfiguration") or {}
    keys = dig(linux, "ssh.publicKeys")
    if linux.get("disablePasswordAuthentication"):
        if not keys:
            raise invalid(
                "Without passwords a machine needs an SSH public key.",
                "properties.osProfile.linuxConfiguration.ssh.publicKeys",
            )
    elif not machine.private.get("password"):
        raise invalid(
            "A machine needs a password, or disablePasswordAuthentication and an SSH key.",
            "properties.osProfile.adminPassword",
        )
    profile["computerName"] = profile.get("computerName") or machine.name
    profile.setdefault("allowExtensionOperations", True)


async def _provision(azure: Azure, machine: Resource) -> None:
    """Make the disk of the image, and take the interfaces."""
    disk = machine.properties["storageProfile"]["osDisk"]
    at = ResourceId.parse(disk["managedDisk"]["id"])
    if azure.resources.get(at) is None:
        properties = {
            "creationData": {"createOption": "FromImage"},
            "osType": disk["osType"],
            "diskSizeGB": disk.get("diskSizeGB") or 30,
            "provisioningState": SUCCEEDED,
        }
        sku = {"name": disk["managedDisk"].get("storageAccountType") or "Premium_LRS"}
        body = {"location": machine.location, "sku": sku, "properties": properties}
        azure.resources.save(Resource(at, body | {"tags": dict(machine.body.get("tags") or {})}))
    for data in machine.properties["storageProfile"].get("dataDisks") or []:
        named = dig(data, "managedDisk.id")
        if named:
            _set_owner(azure, ResourceId.parse(named), machine)
    _set_owner(azure, at, machine)
    for interface in _interfaces(azure, machine.properties):
        interface.properties["virtualMachine"] = {"id": str(machine.id)}
        azure.resources.save(interface)


def _set_owner(azure: Azure, at: ResourceId, machine: Resource | None) -> None:
    disk = azure.resources.get(at)
    if disk is None:
        return
    if machine:
        disk.body["managedBy"] = str(machine.id)
    else:
        disk.body.pop("managedBy", None)
    azure.resources.save(disk)


async def _remove(azure: Azure, machine: Resource) -> None:
    """Let go of disks and interfaces; those that were to go with the machine go."""
    storage = machine.properties["storageProfile"]
    for disk in [storage["osDisk"], *(storage.get("dataDisks") or [])]:
        named = dig(disk, "managedDisk.id")
        if named:
            _let_go(azure, ResourceId.parse(named), delete=disk.get("deleteOption") == "Delete")
    for item in machine.properties["networkProfile"]["networkInterfaces"]:
        interface = azure.resources.get(ResourceId.parse(item["id"]))
        if interface is None:
            continue
        interface.properties.pop("virtualMachine", None)
        azure.resources.save(interface)
        if dig(item, "properties.deleteOption") == "Delete":
            azure.resources.delete(interface)


def _let_go(azure: Azure, at: ResourceId, *, delete: bool) -> None:
    _set_owner(azure, at, None)
    disk = azure.resources.get(at)
    if disk and delete:
        azure.resources.delete(disk)


def _power(state: str) -> Action:
    async def switch(azure: Azure, machine: Resource) -> None:
        machine.private["power"] = state
        azure.resources.save(machine)

    return Action(effect=switch)


def _instance_view(azure: Azure, _request: Request, match: re.Match[str]) -> Response:
    at = ResourceId.parse(match["id"])
    machine = azure.resources.need(at)
    power = machine.private["power"]
    return Response(
        200,
        {
            "computerName": dig(machine.properties, "osProfile.computerName") or machine.name,
            "osName": "ubuntu",
            "statuses": [
                {"code": "ProvisioningState/succeeded", "level": "Info"},
                {
                    "code": f"PowerState/{power}",
                    "level": "Info",
                    "displayStatus": f"VM {power}",
                },
            ],
        },
    )


def _prepare_disk(_azure: Azure, change: Change) -> None:
    disk = change.resource
    created = disk.properties.get("creationData") or {}
    if created.get("createOption") == "Empty" and not disk.properties.get("diskSizeGB"):
        raise invalid("An empty disk needs a size.", "properties.diskSizeGB")
    disk.body["sku"] = disk.body.get("sku") or {"name": "Standard_LRS"}
    if change.previous and change.previous.body.get("managedBy"):
        disk.body["managedBy"] = change.previous.body["managedBy"]


def _refuse_delete_disk(_azure: Azure, disk: Resource, _request: Request) -> None:
    if disk.body.get("managedBy"):
        raise conflict(
            f"The disk '{disk.name}' is attached to '{disk.body['managedBy']}'.",
            "OperationNotAllowed",
        )


def _view_disk(_azure: Azure, disk: Resource, body: Body) -> None:
    body["properties"]["diskState"] = "Attached" if disk.body.get("managedBy") else "Unattached"


def _prepare_interface(azure: Azure, change: Change) -> None:
    interface = change.resource
    configurations = interface.properties.get("ipConfigurations") or []
    if not configurations:
        raise invalid("An interface needs an IP configuration.", "properties.ipConfigurations")
    for number, configuration in enumerate(configurations):
        at = f"properties.ipConfigurations[{number}]"
        inner = configuration.setdefault("properties", {})
        configuration["id"] = f"{interface.id}/ipConfigurations/{configuration.get('name')}"
        subnet = _needed(azure, dig(inner, "subnet.id"), f"{at}.properties.subnet.id")
        address = dig(inner, "publicIPAddress.id")
        if address:
            _needed(azure, address, f"{at}.properties.publicIPAddress.id")
        inner["privateIPAllocationMethod"] = inner.get("privateIPAllocationMethod") or "Dynamic"
        inner["privateIPAddressVersion"] = "IPv4"
        inner["primary"] = inner.get("primary", number == 0)
        inner["privateIPAddress"] = inner.get("privateIPAddress") or _free_address(
            azure, interface, subnet
        )
    group = dig(interface.properties, "networkSecurityGroup.id")
    if group:
        _needed(azure, group, "properties.networkSecurityGroup.id")
    if change.previous and change.previous.properties.get("virtualMachine"):
        interface.properties["virtualMachine"] = change.previous.properties["virtualMachine"]


def _needed(azure: Azure, named: str | None, path: str) -> Resource:
    found = azure.resources.get(ResourceId.parse(named)) if named else None
    if found is None:
        raise invalid(f"'{named}' was not found.", path, code="InvalidResourceReference")
    return found


def _free_address(azure: Azure, interface: Resource, subnet: Resource) -> str:
    """The same as before, else the first that no other interface of the subnet has."""
    taken = set()
    for other in azure.resources.list(INTERFACES):
        for configuration in other.properties.get("ipConfigurations") or []:
            inner = configuration["properties"]
            if str(dig(inner, "subnet.id")).lower() != subnet.id.key:
                continue
            if other.id.key == interface.id.key:
                return str(inner["privateIPAddress"])
            taken.add(inner.get("privateIPAddress"))
    prefix = subnet.properties.get("addressPrefix") or subnet.properties["addressPrefixes"][0]
    hosts = ipaddress.ip_network(prefix).hosts()
    for number, host in enumerate(hosts, start=1):
        if number >= _RESERVED_ADDRESSES and str(host) not in taken:
            return str(host)
    raise conflict(f"The subnet '{subnet.name}' has no free address.", "SubnetIsFull")


def _refuse_delete_interface(_azure: Azure, interface: Resource, _request: Request) -> None:
    properties = interface.properties
    user = properties.get("virtualMachine") or properties.get("privateEndpoint")
    if user:
        raise conflict(
            f"The network interface '{interface.name}' is in use by '{user['id']}'.", "NicInUse"
        )


def _prepare_address(_azure: Azure, change: Change) -> None:
    address = change.resource
    address.body["sku"] = {"name": "Standard", "tier": "Regional"} | (address.body.get("sku") or {})
    properties = address.properties
    properties["publicIPAllocationMethod"] = properties.get("publicIPAllocationMethod") or "Static"
    properties["publicIPAddressVersion"] = properties.get("publicIPAddressVersion") or "IPv4"
    if address.body["sku"]["name"] == "Standard" and (
        properties["publicIPAllocationMethod"] != "Static"
    ):
        raise invalid(
            "A public address of SKU Standard is static.", "properties.publicIPAllocationMethod"
        )
    properties.setdefault("idleTimeoutInMinutes", 4)
    digest = hashlib.sha256(address.id.key.encode()).digest()
    # 203.0.113.0/24 is for documentation: it leads nowhere.
    properties["ipAddress"] = f"203.0.113.{digest[0] % 254 + 1}"


def _refuse_delete_address(azure: Azure, address: Resource, _request: Request) -> None:
    for user in users(azure, address.id):
        raise conflict(
            f"The public address '{address.name}' is in use by '{user.id}'.",
            "PublicIPAddressCannotBeDeleted",
        )


TYPES = [
    ResourceType(
        MACHINES,
        tracked=True,
        prepare=_prepare,
        provision=_provision,
        remove=_remove,
        actions={
            "start": _power("running"),
            "restart": _power("running"),
            "powerOff": _power("stopped"),
            "deallocate": _power("deallocated"),
        },
    ),
    ResourceType(
        DISKS,
        tracked=True,
        prepare=_prepare_disk,
        refuse_delete=_refuse_delete_disk,
        view=_view_disk,
    ),
    ResourceType(
        INTERFACES,
        tracked=True,
        prepare=_prepare_interface,
        refuse_delete=_refuse_delete_interface,
    ),
    ResourceType(
        ADDRESSES,
        tracked=True,
        prepare=_prepare_address,
        refuse_delete=_refuse_delete_address,
    ),
]
ROUTES = [
    Route(
        "GET",
        r"(?P<id>/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Compute"
        r"/virtualMachines/[^/]+)/instanceView",
        _instance_view,
    ),
]

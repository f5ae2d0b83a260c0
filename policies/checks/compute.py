"""Clusters, instances, attached computes, virtual machines."""

from __future__ import annotations

from policies.checks.conditions import (
    Findings,
    has_identity,
    must_be,
    must_be_at_most,
    must_be_in,
    must_last_at_most,
    must_not_be,
    same,
    shown,
)
from policies.checks.kubernetes import pools
from policies.resource import Resource, Stack

WORKSPACE = "machinelearningservices:Workspace"
SETTINGS = "properties.properties"
"""Where the settings of a kind of compute are; around them is what all kinds have."""
SIZES = {
    "compute:VirtualMachine": ("hardwareProfile.vmSize",),
    "machinelearningservices:Compute": (f"{SETTINGS}.vmSize", f"{SETTINGS}.agentVmSize"),
}
"""Where the size of a machine is; those of Kubernetes have it in each pool."""


def is_kind(compute: Resource, *kinds: str) -> bool:
    found = compute.get("properties.computeType")
    return any(same(found, kind) for kind in kinds)


def cluster_scales_to_zero(compute: Resource) -> Findings:
    minimum = compute.get(f"{SETTINGS}.scaleSettings.minNodeCount") or 0
    if is_kind(compute, "AmlCompute") and minimum > 0:
        yield f"minNodeCount is {shown(minimum)}"


def cluster_idle_time(compute: Resource) -> Findings:
    if is_kind(compute, "AmlCompute"):
        path = f"{SETTINGS}.scaleSettings.nodeIdleTimeBeforeScaleDown"
        limit = compute.parameters.cluster_idle_minutes
        yield from must_last_at_most(compute, path, limit, required=False)


def cluster_maximum_nodes(compute: Resource) -> Findings:
    if is_kind(compute, "AmlCompute"):
        path = f"{SETTINGS}.scaleSettings.maxNodeCount"
        yield from must_be_at_most(compute, path, compute.parameters.cluster_nodes)


def cluster_cost(compute: Resource) -> Findings:
    if not is_kind(compute, "AmlCompute"):
        return
    size = compute.get(f"{SETTINGS}.vmSize")
    nodes = compute.get(f"{SETTINGS}.scaleSettings.maxNodeCount") or 0
    price = _price(compute, size)
    limit = compute.parameters.cluster_usd_per_hour
    if price is not None and nodes * price > limit:
        cost = nodes * price
        yield (
            f"{shown(nodes)} nodes of {size} cost {cost:.2f} USD an hour by list price, allowed "
            f"are {limit:g}"
        )


def _price(compute: Resource, size: str | None) -> float | None:
    """None for a size that the table does not know: `vm-size-allowed` tells that."""
    prices = compute.parameters.vm_sizes.items()
    return next((price for name, price in prices if same(name, size)), None)


def cluster_dedicated(compute: Resource) -> Findings:
    if is_kind(compute, "AmlCompute"):
        yield from must_not_be(compute, f"{SETTINGS}.vmPriority", "LowPriority")


def instance_idle_shutdown(compute: Resource) -> Findings:
    if is_kind(compute, "ComputeInstance"):
        limit = compute.parameters.instance_idle_minutes
        yield from must_last_at_most(compute, f"{SETTINGS}.idleTimeBeforeShutdown", limit)


def instance_personal(compute: Resource) -> Findings:
    if is_kind(compute, "ComputeInstance"):
        path = f"{SETTINGS}.applicationSharingPolicy"
        yield from must_be(compute, path, "Personal", unset="Shared")


def compute_local_accounts_off(compute: Resource) -> Findings:
    if is_kind(compute, "AmlCompute", "ComputeInstance"):
        yield from must_be(compute, "properties.disableLocalAuth", True)


def compute_ssh_closed(compute: Resource) -> Findings:
    if is_kind(compute, "AmlCompute"):
        path = f"{SETTINGS}.remoteLoginPortPublicAccess"
        yield from must_be(compute, path, "Disabled")
    elif is_kind(compute, "ComputeInstance"):
        path = f"{SETTINGS}.sshSettings.sshPublicAccess"
        yield from must_be(compute, path, "Disabled", unset="Disabled")


def compute_no_public_address(compute: Resource) -> Findings:
    if is_kind(compute, "AmlCompute", "ComputeInstance"):
        yield from must_be(compute, f"{SETTINGS}.enableNodePublicIp", False)


def compute_in_network(compute: Resource, stack: Stack) -> Findings:
    if not is_kind(compute, "AmlCompute", "ComputeInstance"):
        return
    if compute.get(f"{SETTINGS}.subnet"):
        return
    # Without a reference to its own it may be in any workspace of the stack.
    own = stack.referred(compute, "workspaceName", WORKSPACE)
    workspaces = own or stack.of(WORKSPACE)
    modes = [workspace.get("managedNetwork.isolationMode") for workspace in workspaces]
    if all(mode is None or same(mode, "Disabled") for mode in modes):
        yield "subnet is not set and the workspace has no managed network"


def compute_identity(compute: Resource) -> Findings:
    if is_kind(compute, "AmlCompute", "ComputeInstance") and not (
        has_identity(compute, "UserAssigned") or has_identity(compute, "SystemAssigned")
    ):
        yield f"identity.type is {shown(compute.get('identity.type'))}"


def vm_size_allowed(resource: Resource) -> Findings:
    allowed = resource.parameters.vm_sizes
    for path in SIZES.get(resource.type, ()):
        yield from must_be_in(resource, path, allowed)
    for pool, settings in pools(resource):
        size = settings.get("vmSize")
        if size is not None and not any(same(size, name) for name in allowed):
            yield f"vmSize of pool {pool} is {shown(size)}, allowed are {', '.join(allowed)}"


def attached_machine_key(compute: Resource) -> Findings:
    account = f"{SETTINGS}.administratorAccount"
    if is_kind(compute, "VirtualMachine") and compute.get(f"{account}.password"):
        yield "administratorAccount.password is set"


def attached_kubernetes_namespace(compute: Resource) -> Findings:
    if is_kind(compute, "Kubernetes"):
        yield from must_not_be(compute, f"{SETTINGS}.namespace", "default", unset="default")


def machine_key_only(machine: Resource) -> Findings:
    path = "osProfile.linuxConfiguration.disablePasswordAuthentication"
    return must_be(machine, path, True)


def machine_encrypted_at_host(machine: Resource) -> Findings:
    return must_be(machine, "securityProfile.encryptionAtHost", True)

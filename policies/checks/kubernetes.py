"""Kubernetes clusters that are made for inference."""

from __future__ import annotations

from functools import partial

from policies.checks.conditions import (
    Findings,
    has_identity,
    must_be,
    must_be_set,
    must_not_be,
    parts,
    shown,
)
from policies.resource import Resource, Stack

EXTENSION = "kubernetesconfiguration:Extension"
pools = partial(
    parts, type_="containerservice:AgentPool", named="agentPoolName", listed="agentPoolProfiles"
)


def kubernetes_local_accounts_off(cluster: Resource, stack: Stack) -> Findings:
    # Azure Machine Learning cannot attach a cluster without them.
    if not stack.referring(cluster, EXTENSION, "clusterName"):
        yield from must_be(cluster, "disableLocalAccounts", True)


def kubernetes_roles(cluster: Resource) -> Findings:
    return must_be(cluster, "enableRBAC", True, unset=True)


def kubernetes_directory_login(cluster: Resource) -> Findings:
    yield from must_be(cluster, "aadProfile.managed", True)
    yield from must_be(cluster, "aadProfile.enableAzureRBAC", True)


def kubernetes_private_api(cluster: Resource) -> Findings:
    private = cluster.get("apiServerAccessProfile.enablePrivateCluster")
    if not private and not list(cluster.items("apiServerAccessProfile.authorizedIPRanges")):
        yield f"enablePrivateCluster is {shown(private)} and authorizedIPRanges is not set"


def kubernetes_network_policy(cluster: Resource) -> Findings:
    yield from must_be_set(cluster, "networkProfile.networkPolicy")
    yield from must_not_be(cluster, "networkProfile.networkPolicy", "none")


def kubernetes_managed_identity(cluster: Resource) -> Findings:
    if not has_identity(cluster, "SystemAssigned") and not has_identity(cluster, "UserAssigned"):
        yield f"identity.type is {shown(cluster.get('identity.type'))}"


def kubernetes_workload_identity(cluster: Resource) -> Findings:
    yield from must_be(cluster, "oidcIssuerProfile.enabled", True)
    yield from must_be(cluster, "securityProfile.workloadIdentity.enabled", True)


def kubernetes_no_public_nodes(resource: Resource) -> Findings:
    for name, pool in pools(resource):
        if pool.get("enableNodePublicIP"):
            yield f"enableNodePublicIP of pool {name} is true"


def kubernetes_scales(resource: Resource) -> Findings:
    for name, pool in pools(resource):
        if not pool.get("enableAutoScaling"):
            yield f"enableAutoScaling of pool {name} is {shown(pool.get('enableAutoScaling'))}"


def kubernetes_upgrades(cluster: Resource) -> Findings:
    yield from must_be_set(cluster, "autoUpgradeProfile.upgradeChannel")
    yield from must_not_be(cluster, "autoUpgradeProfile.upgradeChannel", "none")


def kubernetes_policy_addon(cluster: Resource) -> Findings:
    return must_be(cluster, "addonProfiles.azurepolicy.enabled", True)

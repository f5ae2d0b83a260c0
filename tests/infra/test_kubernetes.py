"""Kubernetes as the program registers it: the cluster, Azure ML's extension of it, the compute."""

from __future__ import annotations

from typing import Any

import pytest

from infra.names import Names
from infra.node_counts import node_counts
from infra.settings import table
from tests.infra.every_compute import AKS, SUBSCRIPTION, compute, plan_every_compute
from tests.infra.mocks import Plan, plan, settings


@pytest.fixture(scope="module")
def planned() -> Plan:
    return plan_every_compute()


def test_a_kubernetes_cluster_that_is_made_is_closed(planned: Plan) -> None:
    made = planned.only("containerservice:ManagedCluster").inputs
    # Azure Machine Learning attaches by the administrator's certificate.
    assert made["disableLocalAccounts"] is False
    assert made["enableRBAC"] is True
    assert made["aadProfile"]["managed"] is True
    assert made["aadProfile"]["enableAzureRBAC"] is True
    assert made["aadProfile"]["adminGroupObjectIDs"] == [SUBSCRIPTION]
    assert made["oidcIssuerProfile"] == {"enabled": True}
    assert made["securityProfile"] == {"workloadIdentity": {"enabled": True}}
    assert made["apiServerAccessProfile"] == {
        "enablePrivateCluster": False,
        "authorizedIPRanges": ["203.0.113.0/24"],
        "disableRunCommand": True,
    }
    assert made["sku"] == {"name": "Base", "tier": "Standard"}
    assert made["kubernetesVersion"] == "1.33"
    system, spot = made["agentPoolProfiles"]
    assert (system["mode"], system["minCount"], system["maxCount"]) == ("System", 1, 3)
    assert (spot["scaleSetPriority"], spot["scaleSetEvictionPolicy"]) == ("Spot", "Delete")
    assert spot["nodeLabels"] == {"purpose": "training"}
    assert not any(pool["enableNodePublicIP"] for pool in (system, spot))


@pytest.mark.parametrize(
    ("tier", "support"),
    [("free", "KubernetesOfficial"), ("premium", "AKSLongTermSupport")],
)
def test_the_tier_that_is_paid_for_longer_support_has_it(tier: str, support: str) -> None:
    wanted = {"inference": {"create": {"tier": tier}, "insecure": True}}
    made = plan(settings(kubernetes=wanted)).only("containerservice:ManagedCluster").inputs
    assert made["supportPlan"] == support


def test_the_workspace_may_attach_what_it_is_to_attach(planned: Plan) -> None:
    """Its identity is not the service's own, so nobody else gives it these."""
    roles = {id_: name for name, id_ in table("roles.yaml").items()}
    for key, cluster in (("inference", "/id/of/aks-bikes-dev-inference"), ("theirs", AKS)):
        before = planned.resources[f"kubernetes-{key}-compute"].dependencies
        grants = [planned.resources[name] for name in before if name in planned.resources]
        found = {
            roles[grant.inputs["roleDefinitionId"].rpartition("/")[2]]: grant.inputs
            for grant in grants
            if grant.short_type == "authorization:RoleAssignment"
        }
        assert found.keys() >= {
            "Reader",
            "Kubernetes Extension Contributor",
            "Azure Kubernetes Service Cluster Admin Role",
        }
        for grant in found.values():
            assert grant["scope"] == cluster
            assert grant["principalId"] == "principal of id-bikes-dev-workspace"


@pytest.mark.parametrize(
    ("create", "gives"),
    [({}, False), ({"private": True}, True), ({"authorized_ips": ["203.0.113.0/24"]}, True)],
)
def test_the_workspace_gets_itself_trusted_access_where_the_api_is_shut(
    create: dict[str, Any], gives: bool
) -> None:
    contributor = table("roles.yaml")["Contributor"]
    planned = plan(settings(kubernetes={"inference": {"create": create, "insecure": True}}))
    scopes = {
        grant.inputs["scope"]
        for grant in planned.of_type("authorization:RoleAssignment")
        if grant.inputs["roleDefinitionId"].endswith(contributor)
    }
    assert ("/id/of/aks-bikes-dev-inference" in scopes) is gives


def test_a_private_cluster_has_a_private_api_and_balancer() -> None:
    private = {"inference": {"create": {"private": True}, "insecure": True}}
    planned = plan(settings(kubernetes=private))
    made = planned.only("containerservice:ManagedCluster").inputs
    assert made["apiServerAccessProfile"]["enablePrivateCluster"] is True
    chart = planned.only("kubernetesconfiguration:Extension").inputs["configurationSettings"]
    assert chart["internalLoadBalancerProvider"] == "azure"
    assert chart["allowInsecureConnections"] == "True"


def test_the_extension_comes_before_the_compute(planned: Plan) -> None:
    extension = planned.only("kubernetesconfiguration:Extension")
    assert extension.inputs["extensionType"] == "Microsoft.AzureML.Kubernetes"
    chart = extension.inputs["configurationSettings"]
    assert (
        chart.items()
        >= {
            "enableTraining": "True",
            "enableInference": "True",
            "inferenceRouterServiceType": "LoadBalancer",
            "inferenceRouterHA": "False",
            "sslSecret": "certificate",
            "scoringFe.sslSecret": "certificate",
            "sslCname": "models.example.com",
        }.items()
    )
    assert extension.name in planned.resources["kubernetes-inference-compute"].dependencies


def test_the_extension_is_told_what_the_command_line_finds_out(planned: Plan) -> None:
    chart = planned.only("kubernetesconfiguration:Extension").inputs["configurationSettings"]
    for key in ("cluster_name", "clusterId"):
        assert chart[key] == "/id/of/aks-bikes-dev-inference"
    assert chart["cluster_name_friendly"] == "aks-bikes-dev-inference"
    assert chart["domain"] == f"{chart['location']}.cloudapp.azure.com"
    assert chart["relayserver.enabled"] == chart["servicebus.enabled"] == "false"


@pytest.mark.parametrize(("least", "survives"), [(1, "False"), (3, "True")])
def test_three_nodes_that_are_always_there_have_three_routers(least: int, survives: str) -> None:
    """More would be made, and kept, for routers alone."""
    pools = {"system": {"mode": "system", "min": least, "max": 5}}
    made = {"inference": {"create": {"pools": pools}, "insecure": True}}
    planned = plan(settings(kubernetes=made))
    chart = planned.only("kubernetesconfiguration:Extension").inputs["configurationSettings"]
    assert chart["inferenceRouterHA"] == survives


def test_a_kubernetes_compute_has_its_instance_types(planned: Plan) -> None:
    inner = compute(planned, "kubernetes-inference-compute")["properties"]
    assert inner["defaultInstanceType"] == "small"
    gpu = inner["instanceTypes"]["gpu"]
    assert gpu["nodeSelector"] == {"purpose": "training"}
    assert gpu["resources"]["limits"] == {"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "1"}
    theirs = compute(planned, "kubernetes-theirs-compute")
    assert theirs["resourceId"] == AKS
    assert theirs["properties"]["namespace"] == "learning"


def test_an_existing_cluster_gets_the_extension_when_asked() -> None:
    wanted = {"theirs": {"existing": AKS, "extension": True, "insecure": True}}
    extension = plan(settings(kubernetes=wanted)).only("kubernetesconfiguration:Extension").inputs
    assert (extension["resourceGroupName"], extension["clusterName"]) == ("rg-theirs", "aks-theirs")


def test_a_pool_keeps_the_nodes_that_it_has_also_when_one_before_it_is_taken_out() -> None:
    pools = {
        "large": {"min": 2, "max": 4},
        "new": {"min": 1},
        "spot": {"priority": "low", "min": 0},
        "system": {"mode": "system", "min": 1, "max": 5},
    }
    there = {"inference": {"large": 1, "spot": 0, "system": 3}}
    for taken_out in (None, "spot", "large"):
        kept = {name: pool for name, pool in pools.items() if name != taken_out}
        wanted = settings(kubernetes={"inference": {"create": {"pools": kept}, "insecure": True}})
        made = plan(wanted, node_counts=there).only("containerservice:ManagedCluster")
        counts = {pool["name"]: pool["count"] for pool in made.inputs["agentPoolProfiles"]}
        every = {"large": 2, "new": 1, "spot": 0, "system": 3}
        assert counts == {name: every[name] for name in kept}
        assert not made.ignore_changes


def test_the_nodes_that_are_there_are_asked_for_before_anything_is_planned() -> None:
    asked = []

    def get(identifier: str, _version: str) -> dict[str, Any] | None:
        asked.append(identifier)
        profiles = [{"name": "system", "count": 3}]
        there = identifier.endswith("aks-bikes-dev-one")
        return {"properties": {"agentPoolProfiles": profiles}} if there else None

    made = {"create": {}, "insecure": True}
    chosen = settings(kubernetes={"one": made, "two": made, "theirs": {"existing": AKS}})
    names = Names(SUBSCRIPTION, "bikes", "dev")
    found = node_counts(chosen.kubernetes, names, get)
    assert found == {"one": {"system": 3}, "two": {}}
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-bikes-dev/providers"
    assert asked[0] == f"{group}/Microsoft.ContainerService/managedClusters/aks-bikes-dev-one"
    assert len(asked) == 2

"""Providers, regions, quota and roles of the subscription, against what the stack asks for."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from ops import permissions
from ops.arm import Arm
from ops.doctor import providers, quota, references, regions, roles
from ops.doctor.case import Case
from ops.doctor.plan import Plan, Planned
from ops.identity import Principal
from tests.ops.doctor.conftest import Stranger, levels, only
from tests.sandbox.conftest import RunningSandbox

CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
ROLE_ADMINISTRATOR = "f58310d9-a9f6-439a-9e8d-f62e7b41a168"
COMPUTES = "Microsoft.MachineLearningServices/workspaces/computes"


def moved(case: Case, region: str) -> Case:
    """The same stack in another region."""
    resources = [
        replace(item, inputs={**item.inputs, "location": region}) if item.location else item
        for item in case.plan.resources
    ]
    return replace_plan(case, resources)


def replace_plan(case: Case, resources: list[Planned]) -> Case:
    return Case(case.target, case.environment, case.arm, case.principal, Plan(resources))


def grown(case: Case, nodes: int, *, low: bool = False) -> Case:
    """The same stack with a cluster of so many Standard_DS3_v2, four cores each."""
    resources = []
    for item in case.plan.resources:
        inputs: dict[str, Any] = copy.deepcopy(item.inputs)
        if item.kind == COMPUTES and inputs["properties"]["computeType"] == "AmlCompute":
            inner = inputs["properties"]["properties"]
            inner["scaleSettings"]["maxNodeCount"] = nodes
            inner["vmPriority"] = "LowPriority" if low else "Dedicated"
        resources.append(replace(item, inputs=inputs))
    return replace_plan(case, resources)


def test_all_is_well_in_an_empty_sandbox(case: Case) -> None:
    assert levels(references.check(case)) == []
    for check in (providers.check, regions.resource_types, regions.machine_sizes,
                  quota.machine_learning, quota.virtual_machines, roles.check):  # fmt: skip
        assert set(levels(check(case))) <= {"ok"}, check


def test_a_provider_that_is_not_registered(case: Case, place: RunningSandbox) -> None:
    namespace = "Microsoft.ContainerRegistry"
    path = f"/subscriptions/{place.subscription}/providers/{namespace}"
    place.arm("POST", f"{path}/unregister", version="2022-09-01")
    found = only(providers.check(case), "problem")
    assert found.what == f"The resource provider {namespace} is not registered."
    assert found.mend == f"az provider register --namespace {namespace} --wait"
    place.arm("POST", f"{path}/register", version="2022-09-01")
    again = Case(case.target, case.environment, case.arm, case.principal, case.plan)
    assert levels(providers.check(again)) == ["ok"]


def test_a_region_without_azure_machine_learning(case: Case) -> None:
    findings = list(regions.resource_types(moved(case, "westindia")))
    problems = [finding for finding in findings if finding.level == "problem"]
    assert "Microsoft.MachineLearningServices/workspaces is not offered in westindia." in [
        finding.what for finding in problems
    ]
    assert "set 'location' in stacks/Pulumi.dev.yaml to one of: " in str(problems[0].mend)


def test_a_size_that_the_region_lacks(case: Case) -> None:
    there = moved(case, "koreacentral")
    for item in there.plan.of_kind(COMPUTES):
        item.inputs["properties"] = copy.deepcopy(item.inputs["properties"])
        item.inputs["properties"]["properties"]["vmSize"] = "Standard_NC24ads_A100_v4"
    found = only(regions.machine_sizes(there), "problem")
    assert "does not offer Standard_NC24ads_A100_v4 in koreacentral" in found.what
    assert "cpu-cluster" in found.what
    assert "az ml compute list-sizes --location koreacentral" in str(found.mend)


def test_more_cores_than_the_family_may_have(case: Case) -> None:
    found = only(quota.machine_learning(grown(case, 30)), "problem")
    # 30 nodes of 4 cores, and the instance of dev with 2.
    assert "Standard DSv2 Family Cluster Dedicated vCPUs in eastus: 122 cores" in found.what
    assert "100 free of 100" in found.what
    assert "az quota update --resource-name 'standardDSv2Family'" in str(found.mend)
    assert "--limit-object value=122 --resource-type dedicated" in str(found.mend)


def test_more_cores_than_all_families_may_have(case: Case) -> None:
    problems = [f.what for f in quota.machine_learning(grown(case, 200)) if f.level == "problem"]
    assert any("Total Cluster Dedicated Regional vCPUs" in what for what in problems)
    assert any("Standard DSv2 Family" in what for what in problems)


def test_low_priority_has_a_quota_of_its_own(case: Case) -> None:
    assert "problem" not in levels(quota.machine_learning(grown(case, 70, low=True)))
    found = only(quota.machine_learning(grown(case, 80, low=True)), "problem")
    assert "LowPriority" in found.what
    assert "320 cores asked for, 300 free of 300" in found.what
    assert "--resource-type lowPriority" in str(found.mend)


def test_a_smaller_quota_counts_at_once(case: Case, place: RunningSandbox) -> None:
    def limit(cores: int) -> None:
        path = (
            f"/subscriptions/{place.subscription}/providers/Microsoft.MachineLearningServices/"
            "locations/eastus/providers/Microsoft.Quota/quotas/standardDSv2Family"
        )
        body = {"properties": {"limit": {"limitObjectType": "LimitValue", "value": cores}}}
        assert place.arm("PUT", path, body, version="2023-02-01").is_success

    limit(4)
    try:
        assert (
            "10 cores asked for, 4 free of 4" in only(quota.machine_learning(case), "problem").what
        )
    finally:
        limit(100)


def test_what_the_environment_uses_itself_is_not_in_its_way(
    case: Case, place: RunningSandbox, own_group: str
) -> None:
    """An environment that is there asks for what it has: that must not count twice."""
    from ops.doctor.machines import learning
    from tests.sandbox.conftest import make_workspace, wait_until

    made = make_workspace(place, own_group.rpartition("/")[2])
    (wanted,) = case.plan.of_kind("Microsoft.MachineLearningServices/workspaces")
    at = made.id.rpartition("/")[0] + f"/{wanted.inputs['workspaceName']}"
    body = place.arm("GET", made.id, version="2025-12-01").json()
    kept = {key: body[key] for key in ("location", "identity", "properties")}
    assert place.arm("PUT", at, kept, version="2025-12-01").is_success
    cluster = {
        "location": "eastus",
        "properties": {
            "computeType": "AmlCompute",
            "properties": {
                "vmSize": "Standard_DS3_v2",
                "scaleSettings": {"minNodeCount": 20, "maxNodeCount": 24},
            },
        },
    }
    place.arm("PUT", f"{at}/computes/cpu-cluster", cluster, version="2025-12-01")
    nodes = f"{at}/computes/cpu-cluster"
    wait_until(lambda: place.arm("GET", nodes, version="2025-12-01").json()["properties"][
        "properties"]["currentNodeCount"] == 20, what="twenty nodes")  # fmt: skip
    there = grown(case, 24)
    assert sum(machine.count for machine in learning(there)) == 25
    assert "problem" not in levels(quota.machine_learning(there))
    place.arm("DELETE", f"{at}?forceToPurge=true", version="2025-12-01")


def with_inputs(case: Case, kind: str, **inputs: Any) -> Case:
    """The same stack with other inputs of the one resource of a kind."""
    resources = [
        replace(item, inputs={**item.inputs, **inputs}) if item.kind == kind else item
        for item in case.plan.resources
    ]
    return replace_plan(case, resources)


def test_what_the_stack_file_names_and_does_not_make_is_looked_for(
    case: Case, place: RunningSandbox, other_group: str
) -> None:
    logs = f"{other_group}/providers/Microsoft.OperationalInsights/workspaces/log-central"
    kind = "Microsoft.Insights/components"
    naming = with_inputs(case, kind, workspaceResourceId=logs)
    found = only(references.check(naming), "problem")
    assert found.what == f"The workspace 'log-central' is not there: {logs}"
    assert found.mend == "make it, or correct stacks/Pulumi.dev.yaml"
    place.arm("PUT", logs, {"location": "eastus", "properties": {}}, version="2023-09-01")
    assert levels(references.check(naming)) == ["ok"]
    elsewhere = logs.replace(place.subscription, "11111111-2222-3333-4444-555555555555")
    of_others = with_inputs(case, kind, workspaceResourceId=elsewhere)
    assert "problem" in levels(references.check(of_others))


def test_a_group_that_was_to_be_there(case: Case, place: RunningSandbox, other_group: str) -> None:
    kept = [i for i in case.plan.resources if i.kind != "Microsoft.Resources/resourceGroups"]

    def within(name: str) -> Case:
        return replace_plan(
            case, [replace(i, inputs={**i.inputs, "resourceGroupName": name}) for i in kept]
        )

    assert only(references.check(within(other_group.rpartition("/")[2])), "ok")
    found = only(references.check(within("rg-nowhere")), "problem")
    assert "'rg-nowhere' is not there, and the stack does not make it" in found.what


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("Standard DSv2 Family Cluster Dedicated vCPUs", "standardDSv2Family"),
        ("standardDSv2Family", "standardDSv2Family"),
        ("Standard NCASv3_T4 Family Cluster Dedicated vCPUs", "Standard NCASv3_T4 Family"),
    ],
)
def test_a_family_is_known_by_either_of_its_names(name: str, family: str) -> None:
    assert quota._bare(name) == quota._bare(family)


def test_roles_at_the_subscription_and_what_lacks(
    case: Case, stranger: Stranger, own_group: str
) -> None:
    arm = Arm(case.subscription, stranger)
    asking = Case(case.target, case.environment, arm, Principal.of(arm.claims()), case.plan)
    stranger.get("acdd72a7-3385-48ef-bd42-f606fba81ae7", case.root)  # Reader
    found = [finding.mend for finding in roles.check(asking) if finding.level == "problem"]
    assert [str(mend).split("'")[1] for mend in found] == [
        "Contributor",
        "Role Based Access Control Administrator",
    ]
    stranger.get(CONTRIBUTOR, own_group)
    only_grants = only(roles.check(asking), "problem")
    assert "Microsoft.Authorization/roleAssignments/write" in only_grants.what
    assert own_group in only_grants.what
    stranger.get(ROLE_ADMINISTRATOR, own_group)
    assert levels(roles.check(asking)) == ["ok"]


@pytest.mark.parametrize(
    ("lacking", "expected"),
    [
        (["roleAssignments"], ["Role Based Access Control Administrator"]),
        (["roleAssignments", "locks"],
         ["Role Based Access Control Administrator", "Locks Contributor"]),
        (["roleAssignments", "locks", "roleDefinitions"], ["User Access Administrator"]),
    ],
)  # fmt: skip
def test_the_least_roles_are_named(lacking: list[str], expected: list[str]) -> None:
    grants = [f"Microsoft.Authorization/{kind}/write" for kind in lacking]
    assert roles._least(grants) == expected


@pytest.mark.parametrize(
    ("blocks", "lacks"),
    [
        ([{"actions": ["*"]}], []),
        ([{"actions": ["*"], "notActions": ["A.B/*/Write"]}], ["A.B/locks/write"]),
        ([{"actions": ["a.b/LOCKS/*"]}], ["C.D/things/write"]),
        # What one role leaves out another may give: they add up.
        ([{"actions": ["*"], "notActions": ["A.B/*"]}, {"actions": ["A.B/locks/write"]}], []),
        ([{"actions": ["*/read"]}], ["A.B/locks/write", "C.D/things/write"]),
        ([], ["A.B/locks/write", "C.D/things/write"]),
    ],
)
def test_what_blocks_of_permissions_allow(blocks: list[dict[str, Any]], lacks: list[str]) -> None:
    assert permissions.missing(blocks, ["A.B/locks/write", "C.D/things/write"]) == lacks

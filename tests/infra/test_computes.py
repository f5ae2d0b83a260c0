"""Instances and clusters as the program registers them, and what holds for computes of every kind:

- What security hangs on is written out: public addresses, local accounts, sharing, passwords.
- No key or token is in an input but as a secret.
- What the service cannot change makes a compute anew, and nothing else does.
- Each is called by its key in the outputs.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.infra.every_compute import (
    ATTACHED,
    CLUSTERS,
    INSTANCES,
    KUBERNETES,
    PUBLIC_KEY,
    SUBNET,
    SUBSCRIPTION,
    compute,
    plan_every_compute,
)
from tests.infra.mocks import Plan, plan, settings


@pytest.fixture(scope="module")
def planned() -> Plan:
    return plan_every_compute()


def cluster(planned: Plan, key: str) -> dict[str, Any]:
    found: dict[str, Any] = compute(planned, f"computes-cluster-{key}")["properties"]
    return found


def instance(planned: Plan, key: str) -> dict[str, Any]:
    found: dict[str, Any] = compute(planned, f"computes-instance-{key}")["properties"]
    return found


def identity(planned: Plan, name: str) -> Any:
    return planned.resources[name].inputs.get("identity")


def test_an_instance_has_what_its_settings_say(planned: Plan) -> None:
    outer, inner = (
        compute(planned, "computes-instance-workstation"),
        instance(planned, "workstation"),
    )
    assert outer["disableLocalAuth"] is False
    assert inner["sshSettings"] == {"sshPublicAccess": "Enabled", "adminPublicKey": PUBLIC_KEY}
    assert inner["applicationSharingPolicy"] == "Personal"
    scripts = inner["setupScripts"]["scripts"]
    creation, start = scripts["creationScript"], scripts["startupScript"]
    assert base64.b64decode(creation["scriptData"]) == Path("Pulumi.yaml").read_bytes()
    assert (creation["scriptSource"], creation["timeout"]) == ("inline", "20m")
    assert creation["scriptArguments"] == "--quiet"
    assert base64.b64decode(start["scriptData"]) == b"echo started"
    assert start["timeout"] == "15m"
    other = instance(planned, "shared-one")
    assert other["applicationSharingPolicy"] == "Shared"
    assert other["sshSettings"] == {"sshPublicAccess": "Disabled"}
    assert other["idleTimeBeforeShutdown"] == "P3D"
    assert compute(planned, "computes-instance-shared-one")["disableLocalAuth"] is True


def test_an_instance_starts_and_stops_by_schedules(planned: Plan) -> None:
    evening, morning = instance(planned, "workstation")["schedules"]["computeStartStop"]
    assert evening == {
        "action": "Stop",
        "status": "Enabled",
        "triggerType": "Cron",
        "cron": {"expression": "0 19 * * 1-5", "timeZone": "Korea Standard Time"},
    }
    assert morning["triggerType"] == "Recurrence"
    assert morning["recurrence"] == {
        "frequency": "Week",
        "interval": 1,
        "schedule": {"hours": [8], "minutes": [30], "weekDays": ["Monday"]},
        "timeZone": "UTC",
    }


def test_a_cluster_has_what_its_settings_say(planned: Plan) -> None:
    debug = cluster(planned, "debug")
    assert debug["userAccountCredentials"] == {
        "adminUserName": "azureuser",
        "adminUserSshPublicKey": PUBLIC_KEY,
    }
    assert debug["remoteLoginPortPublicAccess"] == "Enabled"
    assert debug["isolatedNetwork"] is True
    assert compute(planned, "computes-cluster-debug")["disableLocalAuth"] is False
    assert compute(planned, "computes-cluster-cpu-cluster")["disableLocalAuth"] is True
    gpu = cluster(planned, "gpu-cluster")
    assert gpu["subnet"] == {"id": SUBNET}
    assert gpu["enableNodePublicIp"] is False
    assert gpu["remoteLoginPortPublicAccess"] == "Disabled"


def test_a_compute_acts_as_its_settings_say(planned: Plan) -> None:
    assert identity(planned, "computes-cluster-cpu-cluster") == {
        "type": "UserAssigned",
        "userAssignedIdentities": ["/id/of/id-bikes-dev-compute"],
    }
    assert identity(planned, "computes-cluster-debug") == {"type": "SystemAssigned"}
    assert identity(planned, "computes-instance-shared-one") == {"type": "SystemAssigned"}
    assert identity(planned, "computes-cluster-bare") is None
    assert identity(planned, "attached-spark-compute")["type"] == "UserAssigned"


def test_an_identity_of_its_own_has_the_grants_that_jobs_need(planned: Plan) -> None:
    def of(principal: str) -> set[tuple[str, str]]:
        return {
            (grant.inputs["roleDefinitionId"], grant.inputs["scope"])
            for grant in planned.of_type("authorization:RoleAssignment")
            if grant.inputs["principalId"] == f"principal of {principal}"
        }

    shared = of("id-bikes-dev-compute")
    assert shared
    assert of("debug") == shared
    assert of(planned.outputs["instances"]["shared-one"]) == shared


def test_the_network_decides_where_settings_are_silent() -> None:
    from infra.clusters import cluster_properties
    from infra.instances import instance_properties

    chosen = settings(instances=INSTANCES, clusters=CLUSTERS)
    for made in (
        cluster_properties(chosen.clusters["debug"], subnet=SUBNET, private_nodes=True),
        instance_properties(
            chosen.instances["shared-one"], tenant_id="t", subnet=SUBNET, private_nodes=True
        ),
    ):
        inner: Any = made["properties"]
        assert inner["subnet"] == {"id": SUBNET}
        assert inner["enable_node_public_ip"] is False
        # A node without a public address answers no SSH from outside.
        assert inner.get("remote_login_port_public_access", "Disabled") == "Disabled"


def test_all_computes_lie_in_the_own_network_without_public_addresses() -> None:
    subnets = {
        name: f"10.40.{number}.0/24"
        for number, name in enumerate(("endpoints", "compute", "kubernetes"))
    }
    planned = plan(
        settings(
            network={"mode": "own", "subnets": subnets},
            instances={"workstation": {}},
            clusters={"cpu-cluster": {}},
            kubernetes={"inference": {"create": {"private": True}, "insecure": True}},
            attached={"box": {**ATTACHED["box"], "create": {}}},
        )
    )
    compute_subnet = "/id/of/vnet-bikes-dev/subnets/snet-compute"
    workstation = instance(planned, "workstation")
    for made in (cluster(planned, "cpu-cluster"), workstation):
        assert made["subnet"] == {"id": compute_subnet}
        assert made["enableNodePublicIp"] is False
    (configuration,) = planned.resources["attached-box-interface"].inputs["ipConfigurations"]
    assert configuration["subnet"] == {"id": compute_subnet}
    (pool,) = planned.only("containerservice:ManagedCluster").inputs["agentPoolProfiles"]
    nodes = "/id/of/vnet-bikes-dev/subnets/snet-kubernetes"
    assert pool["vnetSubnetID"] == nodes
    grants = {
        grant.inputs["scope"]: grant.name
        for grant in planned.of_type("authorization:RoleAssignment")
    }
    network_grant = grants[nodes]
    assert network_grant in planned.resources["kubernetes-inference-cluster"].dependencies


def test_only_what_the_service_cannot_change_makes_a_compute_anew(planned: Plan) -> None:
    anew = planned.resources["computes-cluster-cpu-cluster"].replace_on_changes
    assert {f"properties.properties.{name}" for name in ("vmSize", "vmPriority", "subnet")} < set(
        anew
    )
    assert not any("scaleSettings" in path or "tags" in path for path in anew)


def test_nothing_of_an_instance_is_changed_behind_its_persons_back(planned: Plan) -> None:
    """The service takes such a request and does nothing: anew is what `up` can show."""
    anew = planned.resources["computes-instance-workstation"].replace_on_changes
    assert set(anew) == {"properties", "identity"}


def test_who_gets_an_instance_with_somebodys_script_switches_single_sign_on_on() -> None:
    theirs = {"assigned_user": SUBSCRIPTION}
    script = {"setup": {"start": {"text": "echo started"}}}
    made = {"mine": script, "bare": theirs, "theirs": {**theirs, **script}}
    found = plan(settings(instances=made))
    on = {key: instance(found, key)["enableSSO"] for key in ("mine", "bare", "theirs")}
    assert on == {"mine": True, "bare": True, "theirs": False}


def test_a_time_to_live_that_is_renewed_leaves_instances_alone(planned: Plan) -> None:
    """Every tag `expires` changes then, and the service's clients update clusters only."""
    assert "tags" in planned.resources["computes-instance-workstation"].ignore_changes
    assert "tags" not in planned.resources["computes-cluster-cpu-cluster"].ignore_changes


def test_every_key_is_as_azure_has_it(planned: Plan) -> None:
    def keys(value: Any) -> set[str]:
        if isinstance(value, list):
            return {key for item in value for key in keys(item)}
        if not isinstance(value, dict):
            return set()
        return {*value, *(key for item in value.values() for key in keys(item))}

    for resource in planned.of_type("machinelearningservices:Compute"):
        found = {key for key in keys(compute(planned, resource.name)) if "_" in key}
        assert not found, resource.name


def test_each_is_called_by_its_key_in_the_outputs(planned: Plan) -> None:
    assert planned.outputs["kubernetes"] == {key: key for key in KUBERNETES}
    assert planned.outputs["attached"] == {key: key for key in ATTACHED}
    assert set(planned.outputs["clusters"]) == set(CLUSTERS)
    assert set(planned.outputs["instances"]) == set(INSTANCES)

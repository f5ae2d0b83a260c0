"""Computes of every kind, as the program registers them:

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
from pulumi.runtime.rpc import _special_secret_sig, _special_sig_key

from infra.settings import table
from tests.infra.every_compute import (
    AKS,
    ATTACHED,
    CLUSTERS,
    DATABRICKS,
    HDINSIGHT,
    INSTANCES,
    KUBERNETES,
    MACHINE,
    PUBLIC_KEY,
    SPARK,
    SUBNET,
    SUBSCRIPTION,
)
from tests.infra.mocks import Plan, plan, settings


@pytest.fixture(scope="module")
def planned() -> Plan:
    chosen = settings(
        instances=INSTANCES, clusters=CLUSTERS, kubernetes=KUBERNETES, attached=ATTACHED
    )
    return plan(chosen)


def compute(planned: Plan, name: str) -> dict[str, Any]:
    """The properties of a compute, by the name that its resource has in Pulumi."""
    given = planned.resources[name].inputs["properties"]
    found: dict[str, Any] = given["value"] if _special_sig_key in given else given
    return found


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


def test_a_machine_takes_a_key_and_no_password(planned: Plan) -> None:
    made = planned.only("compute:VirtualMachine").inputs
    profile = made["osProfile"]
    assert profile["linuxConfiguration"]["disablePasswordAuthentication"] is True
    assert profile["linuxConfiguration"]["ssh"]["publicKeys"][0]["keyData"] == PUBLIC_KEY
    assert "adminPassword" not in profile
    assert made["storageProfile"]["osDisk"]["deleteOption"] == "Delete"
    assert made["identity"]["type"] == "UserAssigned"
    rules = planned.only("network:NetworkSecurityGroup").inputs["securityRules"]
    assert [(rule["access"], rule["destinationPortRange"]) for rule in rules] == [
        ("Allow", "22"),
        ("Deny", "*"),
    ]


def test_a_machine_goes_into_the_subnet_that_it_is_given() -> None:
    box = {**ATTACHED["box"], "create": {"subnet": SUBNET}}
    planned = plan(settings(attached={"box": box}))
    assert planned.of_type("network:VirtualNetwork") == []
    (configuration,) = planned.only("network:NetworkInterface").inputs["ipConfigurations"]
    assert configuration["subnet"] == {"id": SUBNET}


@pytest.mark.parametrize(
    ("key", "kind", "target"),
    [
        ("box", "VirtualMachine", "/id/of/vm-bikes-dev-box"),
        ("found", "VirtualMachine", MACHINE),
        ("anywhere", "VirtualMachine", None),
        ("bricks", "Databricks", DATABRICKS),
        ("hadoop", "HDInsight", HDINSIGHT),
        ("spark", "SynapseSpark", SPARK),
    ],
)
def test_what_is_attached_is_what_is_named(
    planned: Plan, key: str, kind: str, target: str | None
) -> None:
    outer = compute(planned, f"attached-{key}-compute")
    assert (outer["computeType"], outer.get("resourceId")) == (kind, target)


def test_keys_and_tokens_come_from_the_vault(planned: Plan) -> None:
    own = f"{planned.outputs['keyVault']}.vault.azure.net"
    account = compute(planned, "attached-box-compute")["properties"]["administratorAccount"]
    assert account["privateKeyData"] == f"value of vm-key in {own}"
    anywhere = compute(planned, "attached-anywhere-compute")["properties"]
    assert (anywhere["address"], anywhere["sshPort"]) == ("10.1.2.3", 2222)
    assert anywhere["administratorAccount"]["privateKeyData"] == (
        "value of their-key in kv-theirs.vault.azure.net"
    )
    bricks = compute(planned, "attached-bricks-compute")["properties"]
    assert bricks["databricksAccessToken"] == f"value of dapi in {own}"
    hadoop = compute(planned, "attached-hadoop-compute")["properties"]
    assert hadoop["address"] == "hdi-theirs-ssh.azurehdinsight.net"
    assert hadoop["administratorAccount"]["password"] == f"value of hdi in {own}"


@pytest.mark.parametrize("key", ["box", "found", "anywhere", "bricks", "hadoop"])
def test_what_holds_a_key_or_a_token_is_a_secret(planned: Plan, key: str) -> None:
    given = planned.resources[f"attached-{key}-compute"].inputs["properties"]
    assert given[_special_sig_key] == _special_secret_sig


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

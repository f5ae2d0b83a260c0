"""Attached computes: what may be attached, what runs there, how they are detached."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml import command
from azure.ai.ml.entities import (
    Environment,
    KubernetesCompute,
    SynapseSparkCompute,
    VirtualMachineCompute,
    VirtualMachineSshSettings,
)
from azure.core.exceptions import HttpResponseError

from tests.sandbox.conftest import Place, RunningSandbox, wait_until
from tests.sandbox.ml import targets

ACCOUNT = {"username": "azureuser", "privateKeyData": "the private key"}


@pytest.fixture
def name() -> str:
    return f"a{uuid.uuid4().hex[:8]}"


def attach(
    sandbox: RunningSandbox, place: Place, name: str, kind: str, target: str | None, **more: Any
) -> Any:
    inner = more.pop("properties", {})
    properties = {"computeType": kind, "resourceId": target, "properties": inner}
    body = {"location": "eastus", "properties": properties, **more}
    return sandbox.arm("PUT", f"{place.id}/computes/{name}", body, version=targets.ML)


def found(sandbox: RunningSandbox, place: Place, name: str) -> dict[str, Any]:
    answer = sandbox.arm("GET", f"{place.id}/computes/{name}", version=targets.ML)
    assert answer.is_success, answer.text
    properties: dict[str, Any] = answer.json()["properties"]
    return properties


def error(answer: Any) -> tuple[int, str, str]:
    told = answer.json()["error"]
    return answer.status_code, told.get("target"), told["message"]


def test_attaching_a_cluster_twice_is_attaching_it_once(
    sandbox: RunningSandbox, workspace: Place, ml: Any, name: str
) -> None:
    cluster = targets.kubernetes(sandbox, workspace, f"aks-{name}")
    compute = KubernetesCompute(name=name, resource_id=cluster, namespace="default")
    first = ml.compute.begin_create_or_update(compute).result()
    second = ml.compute.begin_create_or_update(compute).result()
    assert first.provisioning_state == second.provisioning_state == "Succeeded"
    assert (first.id, first.created_on) == (second.id, second.created_on)
    inner = found(sandbox, workspace, name)["properties"]
    assert inner["defaultInstanceType"] in inner["instanceTypes"]
    assert [item.name for item in ml.compute.list()].count(name) == 1


def test_a_cluster_without_the_extension_is_refused(
    sandbox: RunningSandbox, workspace: Place, name: str
) -> None:
    cluster = targets.kubernetes(sandbox, workspace, f"aks-{name}", extension=False)
    status, target, message = error(attach(sandbox, workspace, name, "Kubernetes", cluster))
    assert (status, target) == (400, "properties.resourceId")
    assert "is not installed on the cluster" in message
    targets.install(sandbox, cluster)
    assert attach(sandbox, workspace, name, "Kubernetes", cluster).is_success


def test_a_cluster_without_local_accounts_is_refused(
    sandbox: RunningSandbox, workspace: Place, name: str
) -> None:
    closed: dict[str, Any] = {"disableLocalAccounts": True, "aadProfile": {"managed": True}}
    cluster = targets.kubernetes(sandbox, workspace, f"aks-{name}", **closed)
    status, target, message = error(attach(sandbox, workspace, name, "Kubernetes", cluster))
    assert (status, target) == (400, "properties.resourceId")
    assert "local accounts disabled" in message


@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        ("Kubernetes", "Microsoft.ContainerService/managedClusters"),
        ("AKS", "Microsoft.ContainerService/managedClusters"),
        ("VirtualMachine", "Microsoft.Compute/virtualMachines"),
        ("HDInsight", "Microsoft.HDInsight/clusters"),
        ("Databricks", "Microsoft.Databricks/workspaces"),
    ],
)
def test_what_is_not_there_cannot_be_attached(
    sandbox: RunningSandbox, workspace: Place, name: str, kind: str, type_: str
) -> None:
    nowhere = f"{targets.providers(workspace)}/{type_}/nowhere"
    for target, expected in (
        (nowhere, "was not found"),
        (None, "name its resource"),
        (workspace.id, "is no resource for a compute of type"),
    ):
        answer = attach(sandbox, workspace, name, kind, target)
        assert error(answer)[:2] == (400, "properties.resourceId")
        assert expected in error(answer)[2]
    assert sandbox.arm("GET", f"{workspace.id}/computes/{name}", version="2025-12-01").is_error


def test_an_instance_type_that_is_none_is_refused(
    sandbox: RunningSandbox, workspace: Place, name: str
) -> None:
    cluster = targets.kubernetes(sandbox, workspace, f"aks-{name}")
    settings = {"defaultInstanceType": "big", "instanceTypes": {"small": {"resources": {}}}}
    answer = attach(sandbox, workspace, name, "Kubernetes", cluster, properties=settings)
    assert error(answer)[:2] == (400, "properties.properties.defaultInstanceType")


def test_a_machine_is_adopted_by_its_address(
    sandbox: RunningSandbox, workspace: Place, name: str
) -> None:
    settings = {"address": "10.1.2.3", "sshPort": 2222, "administratorAccount": ACCOUNT}
    assert attach(sandbox, workspace, name, "VirtualMachine", None, properties=settings).is_success
    inner = found(sandbox, workspace, name)["properties"]
    assert (inner["address"], inner["sshPort"]) == ("10.1.2.3", 2222)
    assert inner["administratorAccount"] == {"username": "azureuser"}
    keys = sandbox.arm("POST", f"{workspace.id}/computes/{name}/listKeys", version=targets.ML)
    assert keys.json()["administratorAccount"]["privateKeyData"] == "the private key"


def test_a_machine_needs_a_key_or_a_password(
    sandbox: RunningSandbox, workspace: Place, name: str
) -> None:
    for account, at in (({}, ".username"), ({"username": "azureuser"}, "")):
        settings = {"address": "10.1.2.3", "administratorAccount": account}
        answer = attach(sandbox, workspace, name, "VirtualMachine", None, properties=settings)
        assert error(answer)[:2] == (400, f"properties.properties.administratorAccount{at}")


@pytest.mark.parametrize("bad", ["a" * 17, "1st"])
def test_a_name_that_is_none_is_refused(
    sandbox: RunningSandbox, workspace: Place, bad: str
) -> None:
    settings = {"address": "10.1.2.3", "administratorAccount": ACCOUNT}
    answer = attach(sandbox, workspace, bad, "VirtualMachine", None, properties=settings)
    assert error(answer)[:2] == (400, "name")


def test_the_token_of_databricks_goes_in_and_is_only_listed(
    sandbox: RunningSandbox, workspace: Place, name: str
) -> None:
    target = targets.databricks(sandbox, workspace, f"dbw-{name}")
    assert error(attach(sandbox, workspace, name, "Databricks", target))[0] == 400
    settings = {"databricksAccessToken": "dapi-123"}
    assert attach(sandbox, workspace, name, "Databricks", target, properties=settings).is_success
    inner = found(sandbox, workspace, name)["properties"]
    assert inner["workspaceUrl"].endswith(".azuredatabricks.net")
    assert "databricksAccessToken" not in inner
    keys = sandbox.arm("POST", f"{workspace.id}/computes/{name}/listKeys", version=targets.ML)
    assert keys.json()["databricksAccessToken"] == "dapi-123"


def test_hdinsight_is_reached_at_its_own_address(
    sandbox: RunningSandbox, workspace: Place, name: str
) -> None:
    target = targets.hdinsight(sandbox, workspace, f"hdi-{name}")
    settings = {"sshPort": 22, "administratorAccount": ACCOUNT}
    assert attach(sandbox, workspace, name, "HDInsight", target, properties=settings).is_success
    inner = found(sandbox, workspace, name)["properties"]
    assert inner["address"] == f"hdi-{name}-ssh.azurehdinsight.net"


def test_a_spark_pool_is_reached_by_identity(
    sandbox: RunningSandbox, workspace: Place, ml: Any, name: str
) -> None:
    target = targets.spark(sandbox, workspace, f"syn{name}")
    assert error(attach(sandbox, workspace, name, "SynapseSpark", target))[:2] == (400, "identity")
    identity = {"type": "SystemAssigned"}
    assert attach(sandbox, workspace, name, "SynapseSpark", target, identity=identity).is_success
    compute = ml.compute.get(name)
    assert isinstance(compute, SynapseSparkCompute)
    assert (compute.node_count, compute.spark_version) == (3, "3.4")


def test_spark_and_its_like_take_no_command_jobs(
    sandbox: RunningSandbox, workspace: Place, ml: Any, name: str, tmp_path: Path
) -> None:
    target = targets.databricks(sandbox, workspace, f"dbw-{name}")
    settings = {"databricksAccessToken": "dapi-123"}
    attach(sandbox, workspace, name, "Databricks", target, properties=settings)
    with pytest.raises(HttpResponseError, match="'Databricks', which takes no command jobs"):
        ml.jobs.create_or_update(job(ml, tmp_path, name))


def job(ml: Any, folder: Path, compute: str, **options: Any) -> Any:
    conda = folder / "conda.yml"
    conda.write_text("dependencies: [python=3.11, pip: []]")
    bare = Environment(name="bare-one", version="1", conda_file=conda, image="mcr/ubuntu")
    ml.environments.create_or_update(bare)
    return command(
        command="echo here",
        name=f"job-{uuid.uuid4().hex[:8]}",
        environment="bare-one:1",
        compute=compute,
        **options,
    )


def test_jobs_run_on_kubernetes_and_on_machines(
    sandbox: RunningSandbox, workspace: Place, ml: Any, name: str, tmp_path: Path
) -> None:
    cluster = targets.kubernetes(sandbox, workspace, f"aks-{name}")
    attach(sandbox, workspace, name, "Kubernetes", cluster)
    with pytest.raises(HttpResponseError, match="no instance type 'huge'"):
        ml.jobs.create_or_update(job(ml, tmp_path, name, instance_type="huge"))
    settings = {"address": "10.1.2.3", "administratorAccount": ACCOUNT}
    attach(sandbox, workspace, f"{name}-vm", "VirtualMachine", None, properties=settings)
    submitted = [
        ml.jobs.create_or_update(job(ml, tmp_path, compute)) for compute in (name, f"{name}-vm")
    ]
    wait_until(lambda: {ml.jobs.get(one.name).status for one in submitted} == {"Completed"})


def test_another_resource_is_another_compute(
    sandbox: RunningSandbox, workspace: Place, name: str
) -> None:
    one, other = (
        targets.kubernetes(sandbox, workspace, f"aks-{name}-{number}") for number in (1, 2)
    )
    assert attach(sandbox, workspace, name, "Kubernetes", one).is_success
    assert error(attach(sandbox, workspace, name, "Kubernetes", other))[:2] == (
        400,
        "properties.resourceId",
    )


@pytest.mark.parametrize(("action", "left"), [("Detach", True), ("Delete", False)])
def test_what_is_behind_stays_or_goes(
    sandbox: RunningSandbox, workspace: Place, ml: Any, name: str, action: str, left: bool
) -> None:
    cluster = targets.kubernetes(sandbox, workspace, f"aks-{name}")
    attach(sandbox, workspace, name, "Kubernetes", cluster)
    ml.compute.begin_delete(name, action=action).result()
    assert name not in [item.name for item in ml.compute.list()]
    assert sandbox.arm("GET", cluster, version="2025-09-01").is_success is left


def test_the_official_client_attaches_a_machine(
    sandbox: RunningSandbox, workspace: Place, ml: Any, name: str, tmp_path: Path
) -> None:
    key = tmp_path / "id_rsa"
    key.write_text("the private key")
    ssh = VirtualMachineSshSettings(
        admin_username="azureuser", ssh_port=22, ssh_private_key_file=str(key)
    )
    nowhere = f"{targets.providers(workspace)}/Microsoft.Compute/virtualMachines/nowhere"
    compute = VirtualMachineCompute(name=name, resource_id=nowhere, ssh_settings=ssh)
    with pytest.raises(HttpResponseError, match="was not found"):
        ml.compute.begin_create_or_update(compute).result()

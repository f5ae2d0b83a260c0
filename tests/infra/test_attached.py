"""What is attached, as the program registers it: each with its key or token out of a vault."""

from __future__ import annotations

import pytest
from pulumi.runtime.rpc import _special_secret_sig, _special_sig_key

from tests.infra.every_compute import (
    ATTACHED,
    DATABRICKS,
    HDINSIGHT,
    MACHINE,
    PUBLIC_KEY,
    SPARK,
    SUBNET,
    compute,
    plan_every_compute,
)
from tests.infra.mocks import Plan, plan, settings


@pytest.fixture(scope="module")
def planned() -> Plan:
    return plan_every_compute()


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

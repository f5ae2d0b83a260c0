"""What the engine is told over its protocol, asked as the engine asks."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2 as messages

from policies.analyzer import Analyzer
from policies.catalogue import rules
from policies.parameters import PolicyError

ACCOUNT = "azure-native:storage:StorageAccount"
GROUP = "azure-native:resources:ResourceGroup"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
"""How the engine marks a secret; its value is beside it."""


def struct(properties: dict[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(properties)
    return made


def asked(analyzer: Analyzer, token: str, **properties: Any) -> dict[str, Any]:
    """The diagnostics about a resource, by policy."""
    request = messages.AnalyzeRequest(
        type=token, name="it", urn=f"urn:pulumi:dev::p::{token}::it", properties=struct(properties)
    )
    return {told.policyName: told for told in analyzer.Analyze(request, None).diagnostics}


def test_the_stack_that_the_engine_names_decides_over_levels() -> None:
    analyzer = Analyzer("")
    open_ = {"publicNetworkAccess": "Enabled"}
    told = asked(analyzer, ACCOUNT, **open_)["storage-public-access-off"]
    assert told.enforcementLevel == messages.ADVISORY
    analyzer.ConfigureStack(messages.AnalyzerStackConfigureRequest(stack="prod"), None)
    told = asked(analyzer, ACCOUNT, **open_)["storage-public-access-off"]
    assert told.enforcementLevel == messages.MANDATORY


def test_a_diagnostic_says_rule_resource_value_and_how_to_mend() -> None:
    told = asked(Analyzer("dev"), ACCOUNT, enableHttpsTrafficOnly=False)["storage-https-only"]
    what, found = told.message.split("\n")
    assert what.startswith("A storage account takes only HTTPS.")
    assert found == "it: enableHttpsTrafficOnly is false. Set enableHttpsTrafficOnly to true."
    assert told.severity == messages.POLICY_SEVERITY_HIGH
    assert told.urn.endswith("::it")


def test_a_secret_value_is_judged_like_another() -> None:
    secret = {**SECRET, "value": "TLS1_0"}
    assert "storage-minimum-tls" in asked(Analyzer("dev"), ACCOUNT, minimumTlsVersion=secret)
    secret["value"] = "TLS1_2"
    assert "storage-minimum-tls" not in asked(Analyzer("dev"), ACCOUNT, minimumTlsVersion=secret)


def test_other_types_are_told_nothing() -> None:
    assert asked(Analyzer("dev"), "pulumi:pulumi:Stack") == {}
    assert asked(Analyzer("dev"), "random:index:RandomId", byteLength=4) == {}


@pytest.mark.parametrize(
    "token",
    ["azure-native_storage_v20240101:storage:StorageAccount",
     "azure-native:storage/v20240101preview:StorageAccount"],
)  # fmt: skip
def test_the_version_of_an_api_lets_nothing_through(token: str) -> None:
    assert "storage-https-only" in asked(Analyzer("dev"), token, enableHttpsTrafficOnly=False)


def test_stack_wide_rules_know_what_refers_to_what() -> None:
    analyzer = Analyzer("dev")
    group = messages.AnalyzerResource(type=GROUP, name="group", urn="urn:group")
    budget = messages.AnalyzerResource(
        type="azure-native:consumption:Budget",
        name="budget",
        urn="urn:budget",
        propertyDependencies={"scope": messages.AnalyzerPropertyDependencies(urns=["urn:group"])},
    )

    def told(*resources: Any) -> set[tuple[str, str]]:
        request = messages.AnalyzeStackRequest(resources=resources)
        found = analyzer.AnalyzeStack(request, None).diagnostics
        return {(item.policyName, item.urn) for item in found}

    assert ("group-has-budget", "urn:group") in told(group)
    assert told(group, budget) == set()


def test_the_engine_learns_what_will_be_asked() -> None:
    info = Analyzer("dev").GetAnalyzerInfo(None, None)
    named = {policy.name: policy for policy in info.policies}
    assert set(named) == {rule.id for rule in rules().values() if rule.level("dev") != "disabled"}
    assert named["group-has-budget"].policy_type == messages.POLICY_TYPE_STACK
    assert named["storage-https-only"].enforcementLevel == messages.MANDATORY


def test_nothing_is_changed_on_the_way() -> None:
    assert list(Analyzer("dev").Remediate(messages.AnalyzeRequest(), None).remediations) == []


def test_a_mistake_in_the_files_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: object) -> None:
        raise PolicyError("policies/exemptions.yaml: exemption 1: reason: field required")

    monkeypatch.setattr("policies.pack.exemptions.load", wrong)
    with pytest.raises(PolicyError, match="exemption 1"):
        Analyzer("dev")

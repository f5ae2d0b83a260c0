"""Every rule fires on what violates it, keeps silent on what conforms, and stops a real preview.

- A rule without a violating and a conforming case is a failure of this file.
- What a rule reports names the resource, the value found and how to mend it.
- Metadata and checks match one to one.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pulumi_policy import EnforcementLevel

from policies.checks import CHECKS
from policies.pack import policies, rules

TAGS = {"workload": "bikes", "environment": "dev", "owner": "me", "cost-centre": "4711"}
COMPUTE = "azure-native:machinelearningservices:Compute"
STORAGE = "azure-native:storage:StorageAccount"
GROUP = "azure-native:resources:ResourceGroup"


def cluster(minimum: float | None) -> dict[str, Any]:
    scale = {"maxNodeCount": 2.0} | ({} if minimum is None else {"minNodeCount": minimum})
    return {"properties": {"computeType": "AmlCompute", "properties": {"scaleSettings": scale}}}


def account(**changes: object) -> dict[str, Any]:
    safe = {
        "enableHttpsTrafficOnly": True,
        "minimumTlsVersion": "TLS1_2",
        "allowBlobPublicAccess": False,
    }
    return {**safe, **changes}


# rule, type, inputs, what is reported
VIOLATING = [
    ("cluster-scales-to-zero", COMPUTE, cluster(1.0), "minNodeCount is 1"),
    ("storage-transport-and-access", STORAGE, account(enableHttpsTrafficOnly=False), "Https"),
    ("storage-transport-and-access", STORAGE, account(minimumTlsVersion="TLS1_0"), "TLS1_0"),
    ("storage-transport-and-access", STORAGE, account(minimumTlsVersion=None), "not set"),
    ("storage-transport-and-access", STORAGE, account(allowBlobPublicAccess=True), "is true"),
    ("storage-transport-and-access", STORAGE, account(allowBlobPublicAccess=None), "not set"),
    ("required-tags", GROUP, {}, "tag workload is missing"),
    ("required-tags", GROUP, {"tags": {**TAGS, "owner": ""}}, "tag owner is missing"),
]

CONFORMING = [
    ("cluster-scales-to-zero", COMPUTE, cluster(0.0)),
    ("cluster-scales-to-zero", COMPUTE, cluster(None)),
    ("cluster-scales-to-zero", COMPUTE, {"properties": {"computeType": "ComputeInstance"}}),
    ("storage-transport-and-access", STORAGE, account()),
    ("storage-transport-and-access", STORAGE, account(minimumTlsVersion="TLS1_3")),
    ("required-tags", GROUP, {"tags": TAGS}),
]


def reported(rule: str, type_: str, inputs: dict[str, Any]) -> list[str]:
    found: list[str] = []
    policy = next(policy for policy in policies() if policy.name == rule)
    args = SimpleNamespace(resource_type=type_, props=inputs, name="the-resource", urn="urn")
    policy.validate(args, lambda message, urn=None: found.append(message))
    return found


@pytest.mark.parametrize(("rule", "type_", "inputs", "expected"), VIOLATING)
def test_fires(rule: str, type_: str, inputs: dict[str, Any], expected: str) -> None:
    message = reported(rule, type_, inputs)[0]
    assert message.startswith("the-resource: ")
    assert expected in message
    assert message.endswith(rules()[rule].metadata.mend)


@pytest.mark.parametrize(("rule", "type_", "inputs"), CONFORMING)
def test_keeps_silent(rule: str, type_: str, inputs: dict[str, Any]) -> None:
    assert reported(rule, type_, inputs) == []


def test_every_rule_has_both_cases() -> None:
    assert {case[0] for case in VIOLATING} == set(rules())
    assert {case[0] for case in CONFORMING} == set(rules())


def test_other_types_are_not_its_business() -> None:
    for rule, _, inputs, _ in VIOLATING:
        assert reported(rule, "azure-native:network:VirtualNetwork", inputs) == []


def test_every_check_has_metadata() -> None:
    assert {check.__name__.replace("_", "-") for check in CHECKS} == set(rules())


def test_levels_stop() -> None:
    assert {policy.enforcement_level for policy in policies()} == {EnforcementLevel.MANDATORY}

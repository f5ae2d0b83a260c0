"""What the policies say becomes findings: level, rule, resource, and what was found."""

from __future__ import annotations

from pulumi.automation.events import EngineEvent

from ops.findings import Finding, Findings

URN = "urn:pulumi:dev::amlops::amlops:infra:Account$azure-native:storage:StorageAccount::account"
STACK = "urn:pulumi:dev::amlops::pulumi:pulumi:Stack::amlops-dev"
TYPE = "azure-native:storage:StorageAccount"


def event(policy: str, message: str, level: str = "mandatory", urn: str = URN) -> EngineEvent:
    told = {
        "resourceUrn": urn,
        "message": message,
        "policyName": policy,
        "enforcementLevel": level,
    }
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, "policyEvent": told})


def found(*events: EngineEvent) -> list[Finding]:
    findings = Findings()
    for one in events:
        findings.watch(one)
    return findings.all()


def test_a_violation_is_told_without_the_rules_description() -> None:
    told = event(
        "https", "Only HTTPS. Data would be readable.\naccount: it is off. Switch it on.\n"
    )
    assert found(told) == [
        Finding("mandatory", "https", "account", TYPE, "it is off. Switch it on.")
    ]


def test_a_resource_in_no_component_has_its_type() -> None:
    told = event("https", "Only HTTPS.\na: off.", urn=f"urn:pulumi:dev::amlops::{TYPE}::a")
    assert [(item.resource, item.type) for item in found(told)] == [("a", TYPE)]


def test_what_is_exempt_is_told_as_such() -> None:
    told = event("https", "Only HTTPS.\naccount: off. Exempt until 2027-01-31: Old.", "advisory")
    assert [(item.level, item.text) for item in found(told)] == [
        ("exempted", "off. Exempt until 2027-01-31: Old.")
    ]


def test_what_cannot_be_known_is_told_as_such() -> None:
    text = "scope cannot be known before up, which asks again"
    told = event("https", f"Only HTTPS.\naccount: {text}\n", "advisory")
    assert [(item.level, item.text) for item in found(told)] == [("unknown", text)]


def test_the_worst_comes_first_and_nothing_twice() -> None:
    one = event("a", "A.\naccount: 1.", "advisory")
    two = event("b", "B.\naccount: 2.")
    assert [item.level for item in found(one, two, one)] == ["mandatory", "advisory"]


def test_the_summary_counts_by_level() -> None:
    findings = Findings()
    assert findings.summary() == ""
    for number in range(2):
        findings.watch(event("a", f"A.\naccount: {number}.", "advisory"))
    findings.watch(event("b", "B.\naccount: 2."))
    assert findings.summary() == "policies: 1 violated, 2 advisory"
    assert findings.counts() == {"mandatory": 1, "advisory": 2, "exempted": 0, "unknown": 0}


def test_other_events_say_nothing() -> None:
    assert found(EngineEvent.from_json({"sequence": 1, "timestamp": 1, "cancelEvent": {}})) == []

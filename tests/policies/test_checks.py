"""Every rule fires on what violates it and keeps silent on what conforms; see `cases/`.

- A rule without a violating and a conforming case is a failure of this file.
- What a rule reports names the resource, the value found and how to mend it.
- A value that is not known yet is told as such: a rule neither crashes on it nor passes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from policies.catalogue import rules
from policies.pack import LATER, Pack
from policies.resource import PREFIX, Resource, Stack
from tests.policies.cases import CASES, Case, Declared

TODAY = date(2026, 11, 23)
FAILING = [case for case in CASES if case.found]
PASSING = [case for case in CASES if not case.found]


def urn(name: str) -> str:
    return f"urn:pulumi:dev::amlops::type::{name}"


def resource(pack: Pack, declared: Declared) -> Resource:
    """As Pulumi gives it to the pack; numbers are floats there."""
    return pack.resource(
        PREFIX + declared.type,
        declared.name,
        unknown_checking_proxy(floats(declared.properties)),
        urn=urn(declared.name),
        protected=declared.protected,
        refers={
            property_: frozenset(urn(name) for name in names)
            for property_, names in declared.refers.items()
        },
    )


def floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [floats(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def reported(rule: str, *resources: Declared, stack: str = "dev", values: Any = None) -> list[str]:
    """The messages of a rule, whatever its level, about resources that are declared together."""
    pack = Pack(stack, TODAY, ())
    pack.parameters = values or pack.parameters
    declared = [resource(pack, item) for item in resources]
    metadata = rules()[rule].metadata
    others = (Stack(declared),) if metadata.scope == "stack" else ()
    judged = [one for one in declared if one.type in metadata.types]
    return [told.message for one in judged for told in pack.judge(rules()[rule], one, *others)]


@pytest.mark.parametrize("case", FAILING, ids=lambda case: case.name)
def test_fires(case: Case) -> None:
    told = next(text for text in reported(case.rule, *case.resources) if case.found in text)
    assert told.startswith(tuple(f"{resource.name}: " for resource in case.resources))
    assert told.endswith(f". {rules()[case.rule].metadata.mend}")
    assert "not-shown" not in told


@pytest.mark.parametrize("case", PASSING, ids=lambda case: case.name)
def test_keeps_silent(case: Case) -> None:
    assert reported(case.rule, *case.resources) == []


def test_every_rule_has_both_cases() -> None:
    assert {case.rule for case in FAILING} == set(rules())
    assert {case.rule for case in PASSING} == set(rules())


ALIKE = {"required-tags", "environment-tag-true", "allowed-regions", "stateful-protected"}
"""Rules that ask all their types the same question."""


def test_every_type_of_a_rule_has_a_case() -> None:
    for rule in rules().values():
        of_rule = [
            resource for case in CASES if case.rule == rule.id for resource in case.resources
        ]
        if rule.id not in ALIKE and rule.metadata.scope == "resource":
            assert set(rule.metadata.types) <= {resource.type for resource in of_rule}, rule.id


def test_other_types_are_not_its_business() -> None:
    other = Declared("web:WebApp", "the-resource", {})
    for rule in rules():
        assert reported(rule, other) == []


def with_unknowns(value: Any, unknown: Any = UNKNOWN_STRING_VALUE) -> Iterator[Any]:
    """The value with one part after the other, whatever its depth, not known yet."""
    yield unknown
    if isinstance(value, dict):
        for key in value:
            yield from ({**value, key: inner} for inner in with_unknowns(value[key], unknown))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            for inner in with_unknowns(item, unknown):
                yield [*value[:place], inner, *value[place + 1 :]]


RESOURCE_FAILING = [case for case in FAILING if rules()[case.rule].metadata.scope == "resource"]


@pytest.mark.parametrize("case", RESOURCE_FAILING, ids=lambda case: case.name)
def test_tells_what_is_not_known_yet(case: Case) -> None:
    """Of a violating resource: whichever value is unknown, the rule fires or says what it lacks."""
    declared = case.resources[0]
    _, *every = with_unknowns(declared.properties)
    for properties in every:
        told = reported(case.rule, replace(declared, properties=properties))
        assert told, f"{case.rule} passes {properties}"
        endings = (f" {LATER}", f". {rules()[case.rule].metadata.mend}")
        assert all(text.startswith("the-resource: ") and text.endswith(endings) for text in told)


@pytest.mark.parametrize("odd", ["odd", 7.0, True, [], ["odd"], {}, None], ids=repr)
def test_nothing_that_is_declared_breaks_a_rule(odd: object) -> None:
    """Whichever value has another type than it should, the preview goes on."""
    for case in CASES:
        first, *others = case.resources
        _, *every = with_unknowns(first.properties, odd)
        for properties in every:
            reported(case.rule, replace(first, properties=properties), *others)


def test_what_cannot_be_judged_is_told() -> None:
    budget = Declared("consumption:Budget", "budget", {"amount": "a lot"})
    assert reported("budget-amount", budget)[0].startswith(
        "budget: its properties cannot be judged ("
    )


def test_one_unknown_does_not_hide_what_is_found_on_others() -> None:
    account, access = "storage:StorageAccount", "publicNetworkAccess"
    first = Declared(account, "first", {access: UNKNOWN_STRING_VALUE})
    second = Declared(account, "second", {access: "Disabled"})
    told = reported("storage-private-endpoint", first, second)
    assert told[0] == f"first: {access} {LATER}"
    assert told[1].startswith("second: publicNetworkAccess is Disabled and no private endpoint")

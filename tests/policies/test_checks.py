"""Every rule fires on what violates it and keeps silent on what conforms; see `cases/`.

- A rule without a violating and a conforming case is a failure of this file.
- What a rule reports names the resource, the value found and how to mend it.
- A value that is not known yet is told as such: a rule neither crashes on it nor passes it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi_policy.proxy import (
    UNKNOWN_STRING_VALUE,
    UnknownValueError,
    unknown_checking_proxy,
)

from policies.catalogue import rules
from policies.pack import LATER, Enforced
from policies.parameters import parameters
from policies.resource import PREFIX
from tests.policies.cases import CASES, Case, Declared

TODAY = date(2026, 11, 23)
FAILING = [case for case in CASES if case.found]
PASSING = [case for case in CASES if not case.found]


def urn(name: str) -> str:
    return f"urn:pulumi:dev::amlops::type::{name}"


def arguments(declared: Declared) -> Any:
    """What Pulumi gives to a policy; numbers are floats there."""
    return SimpleNamespace(
        resource_type=PREFIX + declared.type,
        props=unknown_checking_proxy(floats(declared.properties)),
        name=declared.name,
        urn=urn(declared.name),
        opts=SimpleNamespace(protect=declared.protected),
        property_dependencies={
            property_: [SimpleNamespace(urn=urn(name)) for name in names]
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
    """The messages of a rule about resources that are declared together."""
    found: list[str] = []
    policy = Enforced(rules()[rule], stack, values or parameters(stack), (), TODAY)

    def report(message: str, _urn: str | None = None) -> None:
        found.append(message)

    if rules()[rule].metadata.scope == "stack":
        everything = [arguments(item) for item in resources]
        policy.validate_stack(SimpleNamespace(resources=everything), report)
    else:
        for item in resources:
            policy.validate(arguments(item), report)
    return found


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
        unknown = Declared(declared.type, declared.name, properties, declared.protected)
        told: list[str] = []
        with contextlib.suppress(UnknownValueError):
            told = reported(case.rule, unknown)
            assert told, f"{case.rule} passes {properties}"
        if not told:
            with pytest.raises(UnknownValueError) as caught:
                reported(case.rule, unknown)
            assert caught.value.message.startswith("the-resource: ")
            assert caught.value.message.endswith(LATER)


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
    closed = {"publicNetworkAccess": "Disabled"}
    first = Declared(
        "storage:StorageAccount", "first", {"publicNetworkAccess": UNKNOWN_STRING_VALUE}
    )
    second = Declared("storage:StorageAccount", "second", closed)
    found: list[str] = []
    rule = Enforced(rules()["storage-private-endpoint"], "dev", parameters("dev"), (), TODAY)
    args = SimpleNamespace(resources=[arguments(first), arguments(second)])
    with pytest.raises(UnknownValueError) as caught:
        rule.validate_stack(args, lambda message, urn: found.append(message))
    assert caught.value.message.startswith("first: publicNetworkAccess cannot be known")
    assert found[0].startswith("second: publicNetworkAccess is Disabled and no private endpoint")

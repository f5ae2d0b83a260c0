"""What is enforced in which stack: levels, values, exemptions, and the errors of the pack's files.

- A rule has the level and the values of the stack's environment; a short-lived stack has defaults.
- Metadata and checks match one to one, and ids of other collections look like theirs.
- An exemption lets pass what it covers until its day, and is listed; after that the rule says so.
- A mistake in a file of the pack is one line that says where and what is allowed.
"""

from __future__ import annotations

import inspect
import re
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies import catalogue, exemptions
from policies import parameters as tables
from policies.catalogue import RULES, rules
from policies.exemptions import Exemption
from policies.pack import Finding, Pack
from policies.parameters import PolicyError, environment_of, parameters
from policies.resource import Stack
from tests.policies.cases import CASES, Declared
from tests.policies.test_checks import TODAY, reported, resource

ROOT = Path(__file__).parents[2]
ENTRY = {
    "what": "a",
    "why": "b",
    "mend": "c",
    "severity": "low",
    "level": "advisory",
    "types": ["keyvault:Vault"],
}


def levels(stack: str) -> dict[str, str]:
    return {rule.id: rule.level(stack) for rule in Pack(stack, TODAY, ()).rules}


def test_there_are_many_rules() -> None:
    assert len(rules()) >= 60


def test_levels_differ_by_environment() -> None:
    assert levels("prod")["storage-public-access-off"] == "mandatory"
    assert levels("dev")["storage-public-access-off"] == "advisory"
    assert levels("dev")["storage-https-only"] == "mandatory"
    assert "data-locked" in levels("prod")
    assert "data-locked" not in levels("dev")


@pytest.mark.parametrize(
    ("stack", "environment"),
    [
        ("prod", "prod"),
        ("prod-eu", "prod"),
        ("dev", "default"),
        ("production", "default"),
        ("pr-123", "short-lived"),
    ],
)
def test_the_environment_of_a_stack_goes_by_its_name(stack: str, environment: str) -> None:
    assert environment_of(stack) == environment


def test_a_short_lived_stack_has_the_default_levels() -> None:
    ours, default = levels("pr-123"), levels("dev")
    assert {name: level for name, level in ours.items() if default.get(name) != level} == {
        "expiry-tag": "mandatory"
    }


def test_values_differ_by_environment() -> None:
    account = Declared("storage:StorageAccount", "account", {"sku": {"name": "Standard_LRS"}})
    assert reported("storage-sku-allowed", account) == []
    assert "sku.name is Standard_LRS" in reported("storage-sku-allowed", account, stack="prod")[0]
    assert parameters("pr-7") == parameters("dev")


def test_every_check_has_metadata() -> None:
    for file in RULES.glob("*.yaml"):
        module = import_module(f"policies.checks.{file.stem}")
        own = {
            name.replace("_", "-")
            for name, item in vars(module).items()
            if inspect.isfunction(item) and item.__module__ == module.__name__
            if not name.startswith("_")
        }
        shared = {"is-kind", "private-endpoints", "reachable-privately"}
        assert own - shared == set(yaml.safe_load(file.read_text()))


ELSEWHERE = {
    "azure_policy": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "psrule": r"Azure\.[A-Z]\w+\.\w+",
    "checkov": r"CKV2?_AZURE_\d+",
    "trivy": r"AZU-\d{4}",
}


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.id)
def test_metadata_reads_well(rule: catalogue.Rule) -> None:
    metadata = rule.metadata
    for text in (metadata.what, metadata.why, metadata.mend):
        assert text[0].isupper() or text[0] == "`"
        assert text.endswith((".", ")"))
    for collection, ids in metadata.elsewhere:
        assert all(re.fullmatch(ELSEWHERE[collection], id_) for id_ in ids), ids
        assert len(set(ids)) == len(ids)


class Recording:
    """Values that remember which of them were asked for."""

    def __init__(self, values: tables.Parameters) -> None:
        self._values = values
        self.asked: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.asked.add(name)
        return getattr(self._values, name)


def test_a_rule_names_the_values_that_it_asks_for() -> None:
    asked: dict[str, set[str]] = {id_: set() for id_ in rules()}
    for case in CASES:
        values = Recording(parameters("dev"))
        reported(case.rule, *case.resources, values=values)
        asked[case.rule] |= values.asked
    named = {id_: set(rule.metadata.parameters) for id_, rule in rules().items()}
    assert {id_: names for id_, names in asked.items() if names != named[id_]} == {}


def test_every_value_is_asked_for() -> None:
    named = {name for rule in rules().values() for name in rule.metadata.parameters}
    assert named == set(tables.options()) == set(tables.Parameters.model_fields)


def test_prices_are_those_that_the_program_knows() -> None:
    """Sizes that only one of the two knows are each room's own business."""
    program = yaml.safe_load((ROOT / "infra" / "vm-sizes.yaml").read_text())
    ours = parameters("dev").vm_sizes
    both = program.keys() & ours.keys()
    assert both
    assert {size: ours[size] for size in both} == {
        size: program[size]["usd_per_hour"] for size in both
    }


def exempt(**changes: object) -> Exemption:
    entry = {
        "rule": "storage-https-only",
        "resource": "storage-*",
        "reason": "An old client cannot do better.",
        "expires": TODAY + timedelta(days=7),
    }
    return Exemption.model_validate({**entry, **changes})


def told(stack: str, *granted: Exemption, name: str = "storage-account") -> list[Finding]:
    """What the rule says about an account that violates it."""
    pack = Pack(stack, TODAY, granted)
    account = Declared("storage:StorageAccount", name, {"enableHttpsTrafficOnly": False})
    found = pack.of_resource(resource(pack, account))
    return [finding for finding in found if finding.rule.id == "storage-https-only"]


def test_without_an_exemption_it_stops() -> None:
    assert [(item.level, item.resource.name) for item in told("dev")] == [
        ("mandatory", "storage-account")
    ]


def test_what_is_exempt_is_listed_with_reason_and_date() -> None:
    assert [(item.level, item.message) for item in told("dev", exempt())] == [
        (
            "advisory",
            "storage-account: enableHttpsTrafficOnly is false. "
            "Exempt until 2026-11-30: An old client cannot do better.",
        )
    ]


def test_an_exemption_holds_on_its_last_day() -> None:
    assert told("dev", exempt(expires=TODAY))[0].level == "advisory"


def test_an_expired_exemption_says_so() -> None:
    found = told("dev", exempt(expires=date(2026, 11, 22)))
    assert [(item.level, item.text) for item in found] == [
        (
            "mandatory",
            "enableHttpsTrafficOnly is false. Set enableHttpsTrafficOnly to true. "
            "(Its exemption expired on 2026-11-22.)",
        )
    ]


def test_one_that_holds_counts_beside_one_that_expired() -> None:
    assert told("dev", exempt(expires=date(2026, 1, 1)), exempt())[0].level == "advisory"


@pytest.mark.parametrize(
    "granted",
    [exempt(resource="other-*"), exempt(stack="prod"), exempt(rule="storage-one-tenant")],
)
def test_other_resources_stacks_and_rules_are_not_exempt(granted: Exemption) -> None:
    found = told("dev", granted)
    assert [item.level for item in found] == ["mandatory"]
    assert "exemption" not in found[0].text


def test_exemptions_of_stack_wide_rules() -> None:
    granted = exempt(rule="group-has-budget", resource="foundation-group")
    pack = Pack("prod", TODAY, [granted])
    group = resource(pack, Declared("resources:ResourceGroup", "foundation-group", {}))
    found = [item for item in pack.of_stack(Stack([group])) if item.rule.id == "group-has-budget"]
    assert [item.level for item in found] == ["advisory"]
    assert found[0].text.startswith("no budget is declared for it. Exempt until 2026-11-30: ")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"stack": "dev"}, ["no such resource is there. Exempt until 2026-11-30: "]),
        ({"stack": "dev", "resource": "data"}, []),
        ({"stack": "prod"}, []),
        ({}, []),
    ],
    ids=["not there", "there", "of another stack", "of any stack"],
)
def test_an_exemption_of_nothing_is_told(changes: dict[str, object], expected: list[str]) -> None:
    pack = Pack("dev", TODAY, [exempt(**changes)])
    account = resource(pack, Declared("storage:StorageAccount", "data", {}))
    found = [item for item in pack.of_stack(Stack([account])) if item.rule.id == exempt().rule]
    assert [item.text.removesuffix(exempt().reason) for item in found] == expected
    assert all((item.level, item.resource.name) == ("advisory", "storage-*") for item in found)


def test_what_is_disabled_is_not_asked() -> None:
    for stack, expected in (("dev", False), ("prod", True)):
        pack = Pack(stack, TODAY, ())
        vault = resource(pack, Declared("keyvault:Vault", "vault", {}))
        found = [*pack.of_resource(vault), *pack.of_stack(Stack([vault]))]
        told = {item.rule.id for item in found}
        assert ({"stateful-protected", "data-locked"} <= told) is expected


def test_the_exemptions_of_the_project_are_in_order() -> None:
    exemptions.load(rules())


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("rule: nosuch", "exemption 1: there is no rule 'nosuch'; `amlops policy list` names them"),
        ("reason: short", "exemption 1: reason: string should have at least 10 characters"),
        ("expires: soon", "exemption 1: expires: input should be a valid date"),
        ("until: 2027-01-01", "exemption 1: until: extra inputs are not permitted"),
        ("rule: [", "not valid YAML"),
    ],
)
def test_a_wrong_exemption_is_one_clear_error(tmp_path: Path, entry: str, expected: str) -> None:
    good = {
        "rule": "rule: storage-https-only",
        "resource": "resource: '*'",
        "reason": "reason: An old client cannot do better.",
        "expires": "expires: 2027-01-01",
    }
    lines = {**good, entry.split(":")[0]: entry}
    file = tmp_path / "exemptions.yaml"
    file.write_text("- " + "\n  ".join(lines.values()))
    with pytest.raises(PolicyError) as caught:
        exemptions.load(rules(), file)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"exemptions\.yaml: No such file or directory"):
        exemptions.load(rules(), tmp_path / "exemptions.yaml")


@pytest.mark.parametrize("missing", ["reason", "expires", "rule", "resource"])
def test_what_an_exemption_needs(tmp_path: Path, missing: str) -> None:
    entry = exempt().model_dump(mode="json")
    del entry[missing]
    file = tmp_path / "exemptions.yaml"
    file.write_text(yaml.safe_dump([entry]))
    with pytest.raises(PolicyError, match=f"exemption 1: {missing}: field required"):
        exemptions.load(rules(), file)


@pytest.mark.parametrize(
    ("id_", "changes", "expected"),
    [
        ("nosuch-check", {}, "nosuch-check: policies/checks/vault.py has no function for it"),
        ("vault-roles", {"level": "loud"}, "vault-roles: level.default: input should be"),
        ("vault-roles", {"level": {"default": "advisory", "prdo": "mandatory"}}, "level: prdo"),
        ("vault-roles", {"level": {"prod": "mandatory"}}, "vault-roles: level: default is missing"),
        ("vault-roles", {"types": []}, "vault-roles: types:"),
        ("vault-roles", {"parameters": ["x"]}, "parameters: there is no 'x' in parameters.yaml"),
        ("vault-roles", {"whyy": "x"}, "vault-roles: whyy: extra inputs are not permitted"),
    ],
)
def test_a_wrong_rule_is_one_clear_error(
    tmp_path: Path, id_: str, changes: dict[str, object], expected: str
) -> None:
    file = tmp_path / "vault.yaml"
    file.write_text(yaml.safe_dump({id_: {**ENTRY, **changes}}))
    with pytest.raises(PolicyError) as caught:
        catalogue.read(file)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("nosuch.yaml", "a-rule: {}", "nosuch.yaml: policies/checks/nosuch.py is missing"),
        ("vault.yaml", "", "vault.yaml: expected rules by their ids"),
        ("vault.yaml", "- vault-roles", "vault.yaml: expected rules by their ids"),
    ],
)
def test_a_wrong_file_of_rules_is_one_clear_error(
    tmp_path: Path, name: str, text: str, expected: str
) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(PolicyError) as caught:
        catalogue.read(file)
    assert str(caught.value).endswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "Input should be a valid dictionary or instance of Tables"),
        ("parameters: {}", "environments: field required"),
        ("{environments: {prod: prod-*}, parameters: {}}", "environments.prod: input should be"),
        ("{environments: {}, parameters: {budget: 5}}", "parameters.budget: input should be a"),
        ("{environments: {}, parameters: {}, more: 1}", "more: extra inputs are not permitted"),
    ],
)
def test_wrong_parameters_are_one_clear_error(tmp_path: Path, text: str, expected: str) -> None:
    """A pattern that is no list would be taken for one of its letters, and `*` fits everything."""
    file = tmp_path / "parameters.yaml"
    file.write_text(text)
    with pytest.raises(PolicyError) as caught:
        tables.tables(file)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_value_without_a_default_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"somewhere: prodd: unknown; allowed are default, prod"):
        tables.check_environments(["default", "prodd"], "somewhere")
    with pytest.raises(PolicyError, match="somewhere: default is missing"):
        tables.check_environments(["prod"], "somewhere")

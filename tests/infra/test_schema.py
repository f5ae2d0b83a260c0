"""What is made of the settings' models, for editors and for readers:

- It is up to date: `amlops config schema` would change nothing.
- An editor finds the schema by a stack file's first line, and has nothing to say of a good one.
- A mistake that a schema can express is refused by it; what it takes, only the models refuse.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from infra.settings import SettingsError, parse, reference, schema, table
from infra.settings.source import read
from tests.infra.mocks import MINIMAL
from tests.infra.test_settings import FILE, STACKS

ROOT = Path(__file__).parents[2]
MEND = "a setting was added or changed: run 'amlops config schema' and commit what it writes"

# settings added to the minimal ones that an editor marks
MARKED: list[dict[str, Any]] = [
    {"clustres": {}},
    {"kind": "stack"},
    {"workload": "w" * 17},
    {"workload": "Bikes"},
    {"location": "mars"},
    {"cost_centre": 4711},
    {"protection": "maybe"},
    {"expires": 3},
    {"tags": {"": "empty"}},
    {"logs": {"retention_days": 29}},
    {"storage": {"redundancy": "X"}},
    {"clusters": {"a-b": {"maxx": 1}}},
    {"clusters": {"a-b": {"max": 101}}},
    {"clusters": {"a-b": {"size": "Big"}}},
    {"clusters": {"A_b": {}}},
    {"clusters": {"a" * 33: {}}},
    {"instances": {"a-b": {"idle": "30"}}},
    {"endpoints": {"bike": None}},
    {"endpoints": {"bike": {"auth": "password"}}},
    {"access": {"us": {"roles": ["Reader"]}}},
]
# what takes a calculation, or two settings
NOT_MARKED: list[dict[str, Any]] = [
    {"clusters": {"a-b": {"min": 3, "max": 1}}},
    {"instances": {"a-b": {"idle": "14m"}}},
    {"instances": {"same": {}}, "clusters": {"same": {}}},
]


@pytest.fixture(scope="module")
def validator() -> Any:
    return jsonschema_rs.validator_for(schema.schema())


def stack(settings: object) -> dict[str, Any]:
    return {"encryptionsalt": "v1:", "config": {"amlops:settings": settings}}


@pytest.mark.parametrize("made", [schema, reference], ids=lambda made: made.FILE)
def test_what_is_made_is_up_to_date(made: Any) -> None:
    assert (ROOT / made.FILE).read_text(encoding="utf-8") == made.text(), MEND


def test_an_editor_takes_a_role_of_ones_own(validator: Any) -> None:
    for role in table("role-definitions.yaml"):
        access = {"principal": "0f0e0d0c-0b0a-4908-8706-050403020100", "roles": [role]}
        assert validator.is_valid(stack(MINIMAL | {"access": {"us": access}}))


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.name)
def test_an_editor_takes_a_stack_file_as_it_is(path: Path, validator: Any) -> None:
    text = path.read_text()
    assert text.splitlines()[0] == schema.LINE
    assert [str(error) for error in validator.iter_errors(read(text).data)] == []


def test_the_first_line_of_a_stack_file_leads_to_the_schema() -> None:
    named = schema.LINE.partition("$schema=")[2]
    assert (STACKS[0].parent / named).resolve() == (ROOT / schema.FILE).resolve()


def test_the_minimal_settings_are_enough(validator: Any) -> None:
    assert validator.is_valid(stack(MINIMAL))
    assert not validator.is_valid(stack({}))
    assert not validator.is_valid({"config": {}})
    assert validator.is_valid(stack(MINIMAL) | {"environment": ["shared"]})
    assert not validator.is_valid(stack(MINIMAL) | {"secretprovider": "a"})
    assert not validator.is_valid(stack(MINIMAL) | {"config": {"amlops:setting": MINIMAL}})


@pytest.mark.parametrize("added", MARKED, ids=str)
def test_an_editor_marks_a_mistake(added: dict[str, Any], validator: Any) -> None:
    assert not validator.is_valid(stack(MINIMAL | added))
    with pytest.raises(SettingsError):
        parse(MINIMAL | added, FILE)


@pytest.mark.parametrize("added", NOT_MARKED, ids=str)
def test_what_a_schema_cannot_say_the_models_do(added: dict[str, Any], validator: Any) -> None:
    assert validator.is_valid(stack(MINIMAL | added))
    with pytest.raises(SettingsError):
        parse(MINIMAL | added, FILE)


@pytest.mark.parametrize("value", [443, "443", "80, 8080-8089"])
def test_what_looks_like_a_number_needs_no_quotes(value: object, validator: Any) -> None:
    rule = {"service_tag": "DataFactory", "ports": value}
    added = MINIMAL | {"network": {"mode": "managed", "rules": {"feed": rule}}}
    assert validator.is_valid(stack(added))
    assert parse(added, FILE)


@pytest.mark.parametrize("value", ["on", "off", True, False])
def test_a_switch_is_written_in_either_way(value: object, validator: Any) -> None:
    assert validator.is_valid(stack(MINIMAL | {"protection": value}))
    assert parse(MINIMAL | {"protection": value}, FILE).protection is (value in ("on", True))


def test_a_reader_of_the_schema_is_told_what_a_setting_means() -> None:
    told = json.dumps(schema.schema())
    assert "Cannot be switched off again" in told
    assert '"default": "30m"' in told


def test_no_setting_is_called_as_yaml_1_1_calls_a_truth() -> None:
    """A key `on` is `true` to PyYAML and to whoever checks files by it."""
    names = re.findall(r"^\| `(\w+)`", reference.text(), re.MULTILINE)
    assert [name for name in names if not isinstance(yaml.safe_load(name), str)] == []


def test_every_setting_says_what_it_means() -> None:
    rows = [line for line in reference.text().splitlines() if line.startswith("| `")]
    assert len(rows) > 200
    silent = [row for row in rows if not row.split("|")[2].strip()]
    assert silent == [], "write a text below the field in infra/settings/"


@pytest.mark.parametrize(
    ("setting", "default"),
    [
        ("datastores", "data"),
        ("clusters", "cpu-cluster"),
        ("instance_types", "defaultinstancetype"),
    ],
)
def test_the_page_names_what_there_is_without_a_setting(setting: str, default: str) -> None:
    (row,) = [line for line in reference.text().splitlines() if line.startswith(f"| `{setting}`")]
    assert f"`{default}`" in row.split("|")[-2]


@pytest.mark.parametrize(
    ("setting", "low", "high"),
    [("clusters", 2, 32), ("instances", 2, 24), ("datastores", 2, 63), ("endpoints", 3, 32)],
)
def test_the_page_says_how_long_a_name_may_be(setting: str, low: int, high: int) -> None:
    row = next(line for line in reference.text().splitlines() if line.startswith(f"| `{setting}`"))
    assert f"| `NAME` ({low}–{high} characters: lower-case letters" in row
    entry = {"kind": "blob"} if setting == "datastores" else {}
    for length in (low - 1, high + 1):
        with pytest.raises(SettingsError, match=f"allowed are {low} to {high}"):
            parse(MINIMAL | {setting: {"a" * length: entry}}, FILE)
    for length in (low, high):
        assert parse(MINIMAL | {setting: {"a" * length: entry}}, FILE)


def test_every_link_of_the_page_leads_to_one_title() -> None:
    titles = re.findall(r"^## (.+)$", reference.text(), re.MULTILINE)
    anchors = [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]
    links = set(re.findall(r"\]\(#([^)]+)\)", reference.text()))
    assert links <= set(anchors)
    # An attached machine and an attached HDInsight cluster have the same table of their key.
    assert {one for one in links if anchors.count(one) > 1} == {"attachednameprivate_key"}

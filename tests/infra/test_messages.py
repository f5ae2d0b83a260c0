"""Every mistake in a stack file is told, each in a line of its own, in the order of the file:

- A line begins with file, line and column, as compilers have it, so that editors lead there.
- The path is that of the file, whatever Pydantic tried on the way.
- What settings have to do with each other is checked beside mistakes elsewhere, and nothing is
  told that merely follows from another mistake.
- The file is read as Pulumi reads it.
"""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pytest
from pydantic import Discriminator, Field, Tag, model_validator

from infra.settings import Section, SettingsError, load, parse
from infra.settings.faults import Fault, FaultsError, did_you_mean
from infra.settings.messages import check
from infra.settings.source import read
from tests.infra.mocks import MINIMAL

ROOT = Path(__file__).parents[2]
FILE = "stacks/Pulumi.dev.yaml"

FAULTY = """\
config:
  amlops:settings:
    workload: bikes
    workload: cars
    location: westeurop
    owner: me
    clusters:
      cpu-cluster: {size: Standard_DS3v2, maxx: 4}
      gpu-cluster:
        min: 3
        max: 2
    instances:
      gpu-cluster: {}
"""


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    (tmp_path / "stacks").mkdir()
    (tmp_path / FILE).write_text(FAULTY)
    return tmp_path


def lines(text: str) -> list[str]:
    return text.replace(FILE, "").replace("amlops:settings", "").splitlines()


def test_every_mistake_has_a_line_in_the_order_of_the_file(faulty: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load("dev", faulty)
    told = lines(str(caught.value))
    begun = [
        ":2:3: .cost_centre: missing; give it a value",
        ":4:5: .workload: is there twice, first in line 3; leave one of the two",
        ":5:5: .location: 'westeurop': not in infra/regions.yaml; did you mean 'westeurope'?",
        ":8:21: .clusters.cpu-cluster.size: 'Standard_DS3v2': not in infra/vm-sizes.yaml; ",
        ":8:43: .clusters.cpu-cluster.maxx: unknown; allowed are size, min, max",
        ":11:9: .clusters.gpu-cluster.max: min 3 is above max 2",
    ]
    assert [line[: len(start)] for line, start in zip(told, begun, strict=True)] == begun
    assert told[4].endswith("; did you mean 'max'?")


def test_the_program_knows_the_lines_of_what_pulumi_read(faulty: Path) -> None:
    data = read(FAULTY).data["config"]["amlops:settings"]
    with pytest.raises(SettingsError, match=r"dev.yaml:5:5: amlops:settings.location"):
        parse(data, FILE, faulty)


@pytest.mark.parametrize("change", [{"owner": "another"}, {"access": {}}])
def test_of_another_file_no_line_is_told(faulty: Path, change: dict[str, Any]) -> None:
    data = read(FAULTY).data["config"]["amlops:settings"]
    with pytest.raises(SettingsError, match=r"dev.yaml: amlops:settings.location"):
        parse(data | change, FILE, faulty)


class Blob(Section):
    kind: Literal["blob"]
    container: Annotated[str, Field(min_length=3)] = "data"


class Files(Section):
    kind: Literal["files"]
    share: str
    blob: int = 0


class Named(Section):
    fqdn: str


class Tagged(Section):
    service_tag: str
    ports: Annotated[list[int], Field(default_factory=list)]


Store = Annotated[Blob | Files, Field(discriminator="kind")]
Chosen = Annotated[
    Annotated[Named, Tag("named")] | Annotated[Tagged, Tag("tagged")],
    Discriminator(lambda value: "named" if "fqdn" in value else "tagged"),
]


class Everything(Section):
    store: Store | None = None
    stores: Annotated[dict[str, Store], Field(default_factory=dict)]
    rules: Annotated[dict[str, Named | Tagged], Field(default_factory=dict)]
    chosen: Annotated[list[Chosen], Field(default_factory=list)]
    create: Literal["lazy", "now"] | int | None = None
    bound: Annotated[int, Field(gt=0, lt=9, multiple_of=2)] = 2
    share: Annotated[float, Field(le=1)] = 1
    names: Annotated[list[str], Field(default_factory=lambda: ["a"], min_length=1, max_length=2)]
    text: Annotated[str, Field(pattern="^a+$", max_length=3)] = "a"
    switch: bool = True
    others: Annotated[list[str], Field(default_factory=list)]

    @model_validator(mode="after")
    def _others_exist(self) -> Self:
        if found := [
            Fault(("others", n), f"'{name}' is no store; allowed are {', '.join(self.stores)}")
            for n, name in enumerate(self.others)
            if name not in self.stores
        ]:
            raise FaultsError(found)
        return self


TOLD: list[tuple[dict[str, Any], str, str]] = [
    ({"store": {"kind": "blob", "containr": ""}}, "store.containr", "did you mean 'container'?"),
    ({"store": {"kind": "blob", "container": ""}}, "store.container", "3 characters or more"),
    (
        {"store": {"kind": "blobs"}},
        "store.kind",
        "allowed are 'blob', 'files'; did you mean 'blob'",
    ),
    ({"store": {"container": "data"}}, "store.kind", "missing; give it a value"),
    ({"store": 3}, "store", "expected keys with values, not 3"),
    ({"stores": {"blob": {"kind": "files"}}}, "stores.blob.share", "missing"),
    (
        {"stores": {"blob": {"kind": "files", "share": "a", "blob": "x"}}},
        "stores.blob.blob",
        "whole",
    ),
    ({"stores": {"b": {"kind": "files", "share": "a", "x": 1}}}, "stores.b.x", "kind, share, blob"),
    ({"rules": {"a": {"service_tag": "x", "ports": ["y"]}}}, "rules.a.ports.0", "whole number"),
    ({"rules": {"a": {"fqdn": "x", "port": 1}}}, "rules.a.port", "allowed are fqdn"),
    ({"rules": {"a": 3}}, "rules.a", "expected keys with values, not 3"),
    ({"chosen": [{"fqdn": 3}]}, "chosen.0.fqdn", "write it in quotes"),
    ({"chosen": [{"service_tag": "a", "x": 3}]}, "chosen.0.x", "allowed are service_tag, ports"),
    ({"create": "later"}, "create", "'later'; allowed are 'lazy' or 'now'"),
    ({"bound": 0}, "bound", "0 is too small; allowed is more than 0"),
    ({"bound": 10}, "bound", "10 is too large; allowed is less than 9"),
    ({"bound": 3}, "bound", "allowed are multiples of 2"),
    ({"bound": True}, "bound", "expected a whole number, not true"),
    ({"bound": "2"}, "bound", "expected a whole number, not '2'; write it without quotes"),
    ({"share": False}, "share", "expected a number, not false"),
    ({"share": "0.5"}, "share", "expected a number, not '0.5'; write it without quotes"),
    ({"switch": 1}, "switch", "1; allowed are true and false, or on and off"),
    ({"switch": "yes"}, "switch", "'yes'; allowed are true and false"),
    ({"bound": 2.5}, "bound", "expected a whole number, not 2.5"),
    ({"share": 2}, "share", "2 is too large; allowed is 1 or less"),
    ({"share": "x"}, "share", "expected a number, not 'x'"),
    ({"names": []}, "names", "has 0 of the 1 needed at least"),
    ({"names": ["a", "b", "c"]}, "names", "has too many; allowed is 2 or less"),
    ({"names": "a"}, "names", "expected a list, as [a, b], not 'a'"),
    ({"names": {"a": 1}}, "names", "expected a list, as [a, b], not {a}"),
    ({"text": "b"}, "text", "'b'; allowed is what ^a+$ matches"),
    ({"text": "aaaa"}, "text", "has 4 characters; allowed is 3 or less"),
    ({"text": None}, "text", "expected a text, not null"),
    ({"switch": "maybe"}, "switch", "allowed are true and false, or on and off"),
    ({"text": ["long" * 40]}, "text", "expected a text, not [longlong"),
]


@pytest.mark.parametrize(("data", "path", "expected"), TOLD)
def test_a_mistake_is_told_once_with_the_path_of_the_file(
    data: dict[str, Any], path: str, expected: str
) -> None:
    settings, found = check(Everything, data)
    assert settings is None
    ((told, text),) = [(".".join(map(str, fault.path)), fault.text) for fault in found]
    assert (told, expected in text) == (path, True), text


def test_what_settings_have_to_do_with_each_other_is_checked_beside_other_mistakes() -> None:
    data = {"switch": "maybe", "stores": {"a": {"kind": "blob"}}, "others": ["a", "b", "c"]}
    _, found = check(Everything, data)
    assert [fault.path for fault in found] == [("switch",), ("others", 1), ("others", 2)]
    assert found[1].text == "'b' is no store; allowed are a"
    assert data["others"] == ["a", "b", "c"], "what was given is as it was"


def test_nothing_is_told_that_follows_from_another_mistake() -> None:
    _, found = check(Everything, {"stores": {"a": {"kind": "files"}}, "others": ["a"]})
    assert [fault.path for fault in found] == [("stores", "a", "share")]


def test_a_missing_setting_at_the_top_hides_nothing() -> None:
    with pytest.raises(SettingsError) as caught:
        parse({"instances": {"a-b": {}}, "clusters": {"a-b": {}}}, FILE)
    told = [
        line.split(": ")[1].removeprefix("amlops:settings") for line in lines(str(caught.value))
    ]
    assert told[:3] == [".workload", ".owner", ".cost_centre"]
    assert len(told) == 4


@pytest.mark.parametrize(
    ("value", "allowed", "expected"),
    [
        ("maxx", ["min", "max"], "; did you mean 'max'?"),
        ("standard_ds3_v2", ["Standard_DS3_v2"], "; did you mean 'Standard_DS3_v2'?"),
        ("mars", ["eastus", "westus"], ""),
        (None, ["a"], ""),
    ],
)
def test_the_nearest_that_is_allowed(value: object, allowed: list[str], expected: str) -> None:
    assert did_you_mean(value, allowed) == expected


AS_PULUMI = """\
switches: [on, off, yes, no, y, true, True, FALSE]
numbers: [010, 0o10, 0x10, 0b11, 1_000, +5, -3, 1.5, .5, 1e3]
texts: [1:30, 4711-b, v1, "010", 1.2.3, .]
nothing: [~, null, Null, ]
empty:
? 1
: {on: 1}
anchored: &a {b: 1}
merged: {<<: *a, c: 2}
"""


def test_a_file_is_read_as_pulumi_reads_it(tmp_path: Path) -> None:
    indented = "".join(f"    {line}\n" for line in AS_PULUMI.splitlines())
    text = f"config:\n  a:settings:\n{indented}"
    (tmp_path / "Pulumi.yaml").write_text("{name: a, runtime: yaml}")
    (tmp_path / "Pulumi.x.yaml").write_text(text)

    def pulumi(*arguments: str) -> str:
        variables = {
            "PATH": f"{ROOT / '.tools' / 'bin'}:{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{tmp_path}",
            "PULUMI_CONFIG_PASSPHRASE": "none",
            "PULUMI_HOME": str(tmp_path),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=tmp_path,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    pulumi("stack", "init", "x")
    assert read(text).data["config"]["a:settings"] == json.loads(
        pulumi("config", "get", "a:settings")
    )


def test_an_instant_without_quotes_is_the_same_in_both_readings() -> None:
    """Pulumi passes on how Go prints it."""
    as_go_prints = {"expires": "2026-11-24 10:00:00 +0000 UTC"}
    written = read("expires: 2026-11-24T10:00:00Z").data
    chosen = [parse({**MINIMAL, **data}, FILE).expires for data in (as_go_prints, written)]
    assert chosen[0] == chosen[1] == datetime(2026, 11, 24, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "line"), [("a: [", 2), ("a:\n  b: 1\n c: 2", 3), ("a: &x {b: *y}", 1), ("\ta: 1", 1)]
)
def test_what_is_no_yaml_is_told_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / FILE).write_text(text)
    with pytest.raises(SettingsError, match=rf"^{FILE}:{line}:\d+: not valid YAML: [^\n]+$"):
        load("dev", tmp_path)

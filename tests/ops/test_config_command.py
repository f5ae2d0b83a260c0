"""`amlops config`: what is in effect and from where, what differs, new stack files, the schema.

All of it is about files: nothing asks a service.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from tests import checkout
from tests.checkout import ROOT
from tests.ops.conftest import Amlops, assert_one_message

MORE = """\
config:
  amlops:settings:
    workload: bikes
    owner: me
    cost_centre: "4711"
    tags: {a: b}
    budget: {monthly: 50, emails: [me@example.com]}
    clusters:
      cpu-cluster: {max: 4}
      gpu-cluster: {size: Standard_NC4as_T4_v3, idle: 90m}
"""
LESS = """\
config:
  amlops:settings:
    workload: bikes
    owner: me
    cost_centre: "4711"
    clusters:
      cpu-cluster: {max: 2}
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of the test's own, so that no other test meets its stacks."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("docs", "infra", "ops", "stacks"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    write(folder, "more", MORE)
    write(folder, "less", LESS)
    return folder


def write(root: Path, name: str, text: str) -> None:
    (root / "stacks" / f"Pulumi.{name}.yaml").write_text(text)


@pytest.fixture(scope="module")
def config(root: Path) -> Amlops:
    return functools.partial(checkout.amlops, root, "config")


def test_a_setting_has_its_line_or_is_a_default(config: Amlops) -> None:
    done = config("show", "more")
    assert done.returncode == 0, done.stderr
    assert done.stderr == "config show · environment more\n"
    told = [re.split(r" {2,}", line.strip()) for line in done.stdout.splitlines()]
    for row in (
        ["location", "eastus", "default"],
        ["tags", "a: b", "line 6"],
        ["subscription", "(whichever is logged in)", "default"],
        ["clusters"],
        ["gpu-cluster"],
        ["max", "4", "line 9"],
        ["idle", "90m", "line 10"],
    ):
        assert row in told, done.stdout


def test_a_section_alone(config: Amlops) -> None:
    found = json.loads(config("show", "more", "clusters.cpu-cluster", "--output", "json").stdout)
    assert all(one["setting"].startswith("clusters.cpu-cluster.") for one in found)
    by_name = {one["setting"].split(".")[-1]: one for one in found}
    assert [by_name["max"][key] for key in ("value", "origin", "line")] == [4, "file", 9]
    assert by_name["idle"] == {
        "setting": "clusters.cpu-cluster.idle",
        "value": "2m",
        "origin": "default",
        "line": None,
        "meaning": "Idle time after which a node goes.",
        "without": "",
    }


def test_as_yaml_it_is_what_a_stack_file_could_say(root: Path, config: Amlops) -> None:
    printed = config("show", "more", "--output", "yaml").stdout
    said = yaml.safe_load(printed)
    assert said["clusters"]["gpu-cluster"]["idle"] == "90m"
    assert re.search(r"^    max: 4 +# line 9$", printed, re.MULTILINE)
    write(root, "again", yaml.safe_dump({"config": {"amlops:settings": said}}))
    assert yaml.safe_load(config("show", "again", "--output", "yaml").stdout) == said
    assert config("diff", "again", "more").stdout == ""


def test_what_differs(config: Amlops) -> None:
    done = config("diff", "more", "less", "--output", "json")
    assert json.loads(done.stdout) == {
        "tags": {"more": {"a": "b"}, "less": {}},
        "budget.monthly": {"more": 50},
        "budget.emails": {"more": ["me@example.com"]},
        "clusters.cpu-cluster.max": {"more": 4, "less": 2},
        "clusters.gpu-cluster": {"more": {"size": "Standard_NC4as_T4_v3", "idle": "90m"}},
    }
    shown = config("diff", "less", "more").stdout
    assert re.search(r"^setting +less +more *$", shown, re.MULTILINE)
    assert re.search(r"^clusters.gpu-cluster +size: Standard_NC4as_T4_v3, idle: 90m", shown, re.M)


def test_nothing_differs_from_itself(config: Amlops) -> None:
    done = config("diff", "dev", "dev")
    assert (done.returncode, done.stdout) == (0, "")
    assert "nothing differs" in done.stderr


def test_a_new_stack_file(root: Path, config: Amlops) -> None:
    change = "clusters.cpu-cluster={max: 7, idle: 1h}"
    done = config("new", "made", "--from", "less", "--set", change, "--set", "owner=us")
    assert (done.returncode, done.stdout) == (0, "made stacks/Pulumi.made.yaml\n"), done.stderr
    content = yaml.safe_load((root / "stacks" / "Pulumi.made.yaml").read_text())
    said = content["config"]["amlops:settings"]
    assert said["clusters"] == {"cpu-cluster": {"max": 7, "idle": "1h"}}
    assert said["owner"] == "us"
    again = config("new", "made", "--from", "less")
    assert_one_message(again)
    assert "exists and is left as it is" in again.stderr


@pytest.mark.parametrize(
    ("change", "expected"), [("owner", "is no PATH=VALUE"), (".=1", "is no"), ("a=[", "is no YAML")]
)
def test_a_change_that_is_none(root: Path, config: Amlops, change: str, expected: str) -> None:
    done = config("new", "never", "--from", "dev", "--set", change)
    assert_one_message(done, code=2)
    assert expected in done.stderr
    assert not (root / "stacks" / "Pulumi.never.yaml").exists()


def test_a_section_that_is_none(config: Amlops) -> None:
    done = config("show", "dev", "cluster")
    assert_one_message(done)
    assert "There is no setting 'cluster'. There are: workload, location," in done.stderr


def test_one_environment_differs_from_nothing(config: Amlops) -> None:
    done = config("diff", "dev")
    assert_one_message(done, code=2)
    assert "Name two environments or more" in done.stderr


@pytest.mark.parametrize("command", [["show"], ["diff", "less"]])
def test_every_mistake_in_a_stack_file_is_told(
    root: Path, config: Amlops, command: list[str]
) -> None:
    write(root, "wrong", LESS.replace("max: 2", "maxx: 2").replace("owner: me", "owner: 1"))
    done = config(*command, "wrong")
    assert_one_message(done)
    told = done.stderr.split("Error: ")[1].splitlines()
    assert [line.split(": ")[0] for line in told] == [
        "stacks/Pulumi.wrong.yaml:4:5",
        "stacks/Pulumi.wrong.yaml:7:21",
    ]


def test_what_follows_from_the_settings_is_written(root: Path, config: Amlops) -> None:
    files = [root / "stacks" / "settings.schema.json", root / "docs" / "settings.md"]
    for file in files:
        file.write_text("old")
    done = config("schema")
    assert done.stdout == "".join(f"wrote {file.relative_to(root)}\n" for file in files)
    schema, page = (file.read_text() for file in files)
    assert "cost_centre" in schema
    assert "| `cost_centre` |" in page
    json.loads(schema)

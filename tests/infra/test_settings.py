"""What a stack file may say, and that a mistake in one is a single line that tells how to mend it:

- The line names the file, the path in it and what is allowed; no traceback, nothing planned.
  What is a mistake is in `test_mistakes.py`; how lines are found in `test_messages.py`.
- The files in `stacks/` are valid, and Pulumi has no reason to write into them.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from infra.settings import (
    Settings,
    SettingsError,
    check_environment,
    iso8601,
    load,
    parse,
    table,
)
from tests.infra.mocks import MINIMAL

FILE = "stacks/Pulumi.dev.yaml"
STACKS = sorted(Path("stacks").glob("Pulumi.*.yaml"))


@pytest.mark.parametrize(
    ("text", "idle"),
    [("15m", timedelta(minutes=15)), ("3d", timedelta(days=3)), ("2h", timedelta(hours=2))],
)
def test_bounds_of_idle_are_allowed(text: str, idle: timedelta) -> None:
    chosen = parse({**MINIMAL, "instances": {"a-b": {"idle": text}}}, FILE)
    assert isinstance(chosen, Settings)
    assert chosen.instances["a-b"].idle == idle


@pytest.mark.parametrize("value", ["on", True])
def test_a_bare_on_is_on_for_both_readers(value: object) -> None:
    assert parse({**MINIMAL, "protection": value}, FILE).protection is True


@pytest.mark.parametrize(
    ("minutes", "text"), [(30, "PT30M"), (90, "PT1H30M"), (1440, "P1D"), (2160, "P1DT12H")]
)
def test_durations_as_azure_writes_them(minutes: int, text: str) -> None:
    assert iso8601(timedelta(minutes=minutes)) == text


@pytest.mark.parametrize("name", ["Dev", "x", "an-environment", "a--b"])
def test_an_environments_name_is_checked(name: str) -> None:
    with pytest.raises(SettingsError, match="stack name"):
        check_environment(name, FILE)


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.name)
def test_the_stack_files_are_valid(path: Path) -> None:
    load(path.name.split(".")[1])


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.name)
def test_who_adds_to_a_stack_file_sees_what_there_would_be_without_it(path: Path) -> None:
    """A first datastore or cluster of one's own would take the default away unseen."""
    settings = load(path.name.split(".")[1])
    if isinstance(settings, Settings):
        assert {"datastores", "clusters"} <= settings.model_fields_set


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.name)
def test_pulumi_has_no_reason_to_write_into_a_stack_file(path: Path) -> None:
    assert yaml.safe_load(path.read_text())["encryptionsalt"].startswith("v1:")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("config: [", ":2:1: not valid YAML: "),
        ("config:\n  amlops:setting: {}", ":2:3: amlops:setting: unknown; allowed is"),
        ("config: 3", ":1:1: config: expected keys such as amlops:settings"),
        ("", ": amlops:settings: says nothing; write settings below it"),
        ("# a", ": amlops:settings: says nothing; write settings below it"),
        ("config:\n  amlops:settings:", ":2:3: amlops:settings: says nothing; write settings"),
        ("- a", ":1:1: expected config, with amlops:settings in it"),
        (
            "secretprovider: a\nconfig: {}",
            ":1:1: secretprovider: unknown; allowed are config, encryptionsalt, encryptedkey, "
            "secretsprovider, environment; did you mean 'secretsprovider'?",
        ),
        ("config:\n\tamlops:settings: {}", ":2:1: not valid YAML: a tab; indent with spaces"),
    ],
)
def test_a_broken_file_is_one_line(tmp_path: Path, content: str, expected: str) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / FILE).write_text(content)
    with pytest.raises(SettingsError) as caught:
        load("dev", tmp_path)
    assert str(caught.value).startswith(f"{FILE}{expected}")
    assert "\n" not in str(caught.value)


def test_a_stack_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "stacks" / "Pulumi.dev.yaml").mkdir(parents=True)
    with pytest.raises(SettingsError, match=r"Pulumi\.dev\.yaml: cannot be read: Is a directory"):
        load("dev", tmp_path)


def test_an_unknown_stack_lists_the_known() -> None:
    with pytest.raises(
        SettingsError, match="no such stack; there are dev, lab, prod, shared, test"
    ):
        load("staging")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "infra.settings", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_prints_the_effective_settings() -> None:
    result = run("dev")
    assert result.returncode == 0
    assert json.loads(result.stdout)["clusters"]["cpu-cluster"]["priority"] == "dedicated"


def test_the_command_prints_one_line_on_a_mistake() -> None:
    result = run("staging")
    assert result.returncode == 1
    assert result.stdout == ""
    assert re.fullmatch(r"stacks/Pulumi.staging.yaml: no such stack; .*\n", result.stderr)


def test_checking_settings_takes_no_pulumi() -> None:
    code = "import sys, infra.settings; sys.exit('pulumi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_size_has_what_estimates_need() -> None:
    for name, size in table("vm-sizes.yaml").items():
        assert name.startswith("Standard_")
        assert size["family"].lower().endswith("family")
        assert size["cores"] > 0
        assert size["memory_gib"] > 0
        assert size["usd_per_hour"] > 0

"""Every row of the benchmark says what it is measured against, and a module measures it."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import import_module
from inspect import signature
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.__main__ import chosen, main
from bench.pairs import Pairs
from bench.rows import COMPARISONS, Goal, Part, Row, parts

PARTS = parts()
ROWS = [row for part in PARTS for row in part.rows]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_names_its_anchor(row: Row) -> None:
    assert len(row.anchor) > 10
    assert row.anchor != row.measured
    assert row.compare in COMPARISONS
    assert row.unit


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.module)
def test_every_part_has_a_module_that_measures(part: Part) -> None:
    assert part.runs >= 1
    measure = import_module(f"bench.{part.module}").measure
    assert list(signature(measure).parameters) == ["runs"]


def test_every_row_has_a_figure_in_the_documentation() -> None:
    lines = (Path(__file__).parents[2] / "docs" / "bench.md").read_text().splitlines()
    for row in ROWS:
        assert any(line.startswith(f"| `{row.name}` |") for line in lines), row.name


def test_a_rows_name_is_used_once() -> None:
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names))


def test_the_goals_of_the_project_are_in_the_table() -> None:
    goals = {row.name: row.goal for row in ROWS if row.goal}
    assert goals["arm-get"] == goals["arm-post"] == Goal(at_most=0.8)
    assert goals["blob-upload"] == Goal(at_least=0.8)
    assert goals["sandbox-start"] == Goal(at_most=1.5, of="measured")
    assert goals["up"] == goals["preview-prod"] == goals["up-prod"] == Goal(at_most=1.25)
    assert goals["policies"] == Goal(at_most=1.1)
    assert (goals["up-30"], goals["up-100"]) == (Goal(at_most=3), Goal(at_most=10))
    assert goals["job-first-line"] == Goal(at_most=0.7)
    assert goals["help"] == Goal(at_most=0.3, of="measured")


def test_a_row_can_be_asked_for_by_its_own_name_or_its_parts() -> None:
    (part,) = chosen(("arm-post",))
    assert (part.module, [row.name for row in part.rows]) == ("arm", ["arm-post"])
    whole, _ = chosen(("arm", "help"))
    assert whole == next(part for part in PARTS if part.module == "arm")
    assert chosen(()) == PARTS


def test_an_unknown_row_is_refused_with_those_there_are() -> None:
    result = CliRunner().invoke(main, ["--only", "arm-gett"])
    assert result.exit_code == 2
    assert "arm-gett: no such row" in result.output
    assert "blob-upload" in result.output


def test_a_row_that_cannot_be_measured_is_told_and_the_others_are_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fails(runs: int) -> dict[str, Pairs]:
        raise RuntimeError("Azurite does not answer")

    pairs = {"help": Pairs([0.2], [0.1])}
    monkeypatch.setattr("bench.upload.measure", fails)
    monkeypatch.setattr("bench.help.measure", lambda runs: pairs)
    file = tmp_path / "figures.json"
    result = CliRunner().invoke(main, ["--only", "upload", "--only", "help", "--json", str(file)])
    assert result.exit_code == 1
    assert "upload could not be measured: RuntimeError: Azurite does not answer" in result.output
    assert "Not measured: upload" in result.output
    assert "≤ 0.3 s  yes" in result.output
    assert [row["name"] for row in json.loads(file.read_text())["rows"]] == ["help"]


@pytest.mark.parametrize(
    ("goal", "value", "met"),
    [
        (Goal(at_most=1.5), 1.5, True),
        (Goal(at_most=1.5), 1.51, False),
        (Goal(at_least=0.8), 0.8, True),
        (Goal(at_least=0.8), 0.79, False),
    ],
)
def test_a_goal_is_met_up_to_its_bound(goal: Goal, value: float, met: bool) -> None:
    assert goal.met(value) is met
    assert replace(goal, of="measured").met(value) is met

"""The rows of the benchmark, out of `rows.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

COMPARISONS = ("ratio", "difference")


@dataclass(frozen=True)
class Goal:
    """A bound, for what was compared or for the measured value itself."""

    at_most: float | None = None
    at_least: float | None = None
    of: Literal["compared", "measured"] = "compared"

    def met(self, value: float) -> bool:
        above = self.at_least is None or value >= self.at_least
        return above and (self.at_most is None or value <= self.at_most)


@dataclass(frozen=True)
class Row:
    """One line of the table: what is measured, against which anchor, and how well it should be."""

    name: str
    measured: str
    anchor: str
    unit: str
    compare: Literal["ratio", "difference"]
    goal: Goal | None


@dataclass(frozen=True)
class Part:
    """A module of this package, the rows that it fills, and its number of runs."""

    module: str
    runs: int
    rows: tuple[Row, ...]


def parts() -> list[Part]:
    """The whole table, in its order."""
    table = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text())
    return [
        Part(module, part["runs"], tuple(_row(name, row) for name, row in part["rows"].items()))
        for module, part in table.items()
    ]


def _row(name: str, given: dict[str, Any]) -> Row:
    goal = Goal(**given["goal"]) if "goal" in given else None
    return Row(name, **{**given, "goal": goal})

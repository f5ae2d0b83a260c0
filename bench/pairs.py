"""Two things measured in turns, and what the figures of a row are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from bench.rows import Row


@dataclass
class Pairs:
    """One value of each a run, in the row's unit; notes are printed below the table."""

    measured: list[float] = field(default_factory=list)
    anchor: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Spread:
    """A median with the least and the greatest."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        values = list(values)
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True)
class Figure:
    """A row with its values. `compared` sets the medians in relation, its range the single runs."""

    row: Row
    pairs: Pairs

    @property
    def measured(self) -> Spread:
        return Spread.of(self.pairs.measured)

    @property
    def anchor(self) -> Spread:
        return Spread.of(self.pairs.anchor)

    @property
    def compared(self) -> Spread:
        runs = Spread.of(map(self._compare, self.pairs.measured, self.pairs.anchor))
        whole = self._compare(self.measured.median, self.anchor.median)
        return Spread(whole, min(whole, runs.least), max(whole, runs.greatest))

    @property
    def met(self) -> bool | None:
        """Whether the goal was met; None without a goal."""
        if self.row.goal is None:
            return None
        of = self.measured if self.row.goal.of == "measured" else self.compared
        return self.row.goal.met(of.median)

    def _compare(self, measured: float, anchor: float) -> float:
        return measured / anchor if self.row.compare == "ratio" else measured - anchor


def in_turns(runs: int, measured: Callable[[], float], anchor: Callable[[], float]) -> Pairs:
    """Both once a run; the first of a run is the second of the next, so that drift cancels."""
    pairs = Pairs()
    sides = [(pairs.measured, measured), (pairs.anchor, anchor)]
    for _ in range(runs):
        for values, measure in sides:
            values.append(measure())
        sides.reverse()
    return pairs


def seconds(work: Callable[[], Any]) -> float:
    """How long it takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun

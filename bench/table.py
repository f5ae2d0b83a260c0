"""The figures as a table for people, as JSON for programs."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.pairs import Figure, Spread
from bench.rows import Goal


def machine() -> dict[str, Any]:
    """Where the figures are from. `load` is the average number of runnable processes a minute."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }


def table(figures: list[Figure]) -> RenderableType:
    """One line a figure; below it what the figures are and what was seen beside."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("row", no_wrap=True)
    for heading in ("measured", "anchor", "compared", "goal"):
        shown.add_column(heading, justify="right")
    shown.add_column("met")
    for figure in figures:
        row = figure.row
        verdict = {True: "[green]yes[/]", False: "[red]no[/]", None: ""}[figure.met]
        shown.add_row(
            row.name,
            _spread(figure.measured, row.unit),
            _spread(figure.anchor, row.unit),
            compared(figure),
            goal(row.goal, row.unit, row.compare),
            verdict,
        )
    told = Table(box=None, pad_edge=False, show_header=False)
    told.add_column(no_wrap=True)
    told.add_column(overflow="fold")
    for figure in figures:
        told.add_row(figure.row.name, f"{figure.row.measured}; anchor: {figure.row.anchor}")
        for note in figure.pairs.notes:
            told.add_row("", note)
    return Group(shown, Text(), told)


def compared(figure: Figure) -> str:
    """`× 1.10 (1.05-1.20)` or `+0.42 ms (+0.30-+0.55)`."""
    spread = figure.compared
    if figure.row.compare == "ratio":
        return f"× {spread.median:.2f} ({spread.least:.2f}–{spread.greatest:.2f})"
    signed = [f"{value:+.2f}" for value in (spread.median, spread.least, spread.greatest)]
    return f"{signed[0]} {figure.row.unit} ({signed[1]}–{signed[2]})"


def goal(goal: Goal | None, unit: str, compare: str) -> str:
    if goal is None:
        return ""
    sign = "≤" if goal.at_most is not None else "≥"
    bound = goal.at_most if goal.at_most is not None else goal.at_least
    if goal.of == "measured":
        return f"{sign} {bound:g} {unit}"
    return f"{sign} × {bound:g}" if compare == "ratio" else f"{sign} {bound:+g} {unit}"


def document(figures: list[Figure], where: dict[str, Any]) -> dict[str, Any]:
    """What `--json` writes."""
    return {
        "machine": where,
        "rows": [
            {
                "name": figure.row.name,
                "unit": figure.row.unit,
                "compare": figure.row.compare,
                "what": {"measured": figure.row.measured, "anchor": figure.row.anchor},
                "measured": asdict(figure.measured),
                "anchor": asdict(figure.anchor),
                "compared": asdict(figure.compared),
                "goal": asdict(figure.row.goal) if figure.row.goal else None,
                "met": figure.met,
                "runs": {"measured": figure.pairs.measured, "anchor": figure.pairs.anchor},
                "notes": figure.pairs.notes,
            }
            for figure in figures
        ],
    }


def _spread(spread: Spread, unit: str) -> str:
    digits = 0 if spread.median >= 100 else 1 if spread.median >= 10 else 2
    median, least, greatest = (
        f"{value:.{digits}f}" for value in (spread.median, spread.least, spread.greatest)
    )
    return f"{median} {unit} ({least}–{greatest})"

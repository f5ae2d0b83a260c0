"""What is printed and written."""

from __future__ import annotations

import io
import json

from rich.console import Console

from bench.pairs import Figure, Pairs
from bench.rows import Goal, Row, parts
from bench.table import compared, document, goal, machine, table

MET = Row("fast", "ours", "the bare thing", "ms", "difference", Goal(at_most=0.8))
MISSED = Row("slow", "mine", "the best there is", "MB/s", "ratio", Goal(at_least=0.8))
TOLD = Row("size", "all of it", "a part of it", "MB", "ratio", None)
FIGURES = [
    Figure(MET, Pairs([2.5, 2.25, 3.0], [2.0, 2.0, 2.0], ["30 ms or more: 0.0% of 3"])),
    Figure(MISSED, Pairs([70.0], [140.0])),
    Figure(TOLD, Pairs([100.4], [50.2])),
]


def printed(figures: list[Figure]) -> list[str]:
    written = io.StringIO()
    Console(width=120, file=written).print(table(figures))
    return written.getvalue().splitlines()


def test_a_line_holds_the_medians_their_range_the_goal_and_whether_it_was_met() -> None:
    lines = printed(FIGURES)
    fast, slow, size = (" ".join(line.split()) for line in lines[1:4])
    assert fast == (
        "fast 2.50 ms (2.25–3.00) 2.00 ms (2.00–2.00) +0.50 ms (+0.25–+1.00) ≤ +0.8 ms yes"
    )
    assert slow == "slow 70.0 MB/s (70.0–70.0) 140 MB/s (140–140) × 0.50 (0.50–0.50) ≥ × 0.8 no"
    assert size == "size 100 MB (100–100) 50.2 MB (50.2–50.2) × 2.00 (2.00–2.00)"


def test_every_line_is_told_with_its_anchor_and_notes() -> None:
    text = "\n".join(printed(FIGURES))
    assert "ours; anchor: the bare thing" in text
    assert "mine; anchor: the best there is" in text
    assert "30 ms or more: 0.0% of 3" in text


def test_all_rows_fit_into_120_columns() -> None:
    figures = [Figure(row, Pairs([-12.345], [234.5])) for part in parts() for row in part.rows]
    lines = printed(figures)[1 : len(figures) + 1]
    assert [line.split()[0] for line in lines] == [figure.row.name for figure in figures]


def test_signs_of_a_difference_are_kept() -> None:
    figure = Figure(MET, Pairs([1.0, 2.0], [1.5, 1.5]))
    assert compared(figure) == "+0.00 ms (-0.50–+0.50)"


def test_goals_say_what_they_bound() -> None:
    assert goal(Goal(at_most=1.25), "s", "ratio") == "≤ × 1.25"
    assert goal(Goal(at_most=1.5, of="measured"), "s", "difference") == "≤ 1.5 s"
    assert goal(None, "s", "ratio") == ""


def test_the_document_holds_every_runs_values_and_the_machine() -> None:
    where = machine()
    written = json.loads(json.dumps(document(FIGURES, where)))
    assert written["machine"]["cores"] >= 1
    fast, slow, size = written["rows"]
    assert fast["runs"] == {"measured": [2.5, 2.25, 3.0], "anchor": [2.0, 2.0, 2.0]}
    assert fast["compared"] == {"median": 0.5, "least": 0.25, "greatest": 1.0}
    assert (fast["met"], slow["met"], size["met"]) == (True, False, None)
    assert slow["what"] == {"measured": "mine", "anchor": "the best there is"}

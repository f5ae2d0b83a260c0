"""Reports for a pull request's comments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

FOLDED = 12
"""Rows above which a table is folded, so that a comment stays short."""


def report(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A heading and a table; the heading alone where there are no rows."""
    kept = [[_cell(cell) for cell in row] for row in rows]
    if not kept:
        return f"### {title}\n"
    lines = [columns, ["---"] * len(columns), *kept]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    if len(kept) > FOLDED:
        table = f"<details><summary>{len(kept)} rows</summary>\n\n{table}\n\n</details>"
    return f"### {title}\n\n{table}\n"


def _cell(value: object) -> str:
    """On one line, without what would begin another cell or a tag."""
    text = " ".join(str("" if value is None else value).split())
    return text.replace("|", "\\|").replace("<", "&lt;")

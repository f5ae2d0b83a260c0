"""`make bench`: measure every row in turns with its anchor, print one table.

Goals are told, never asserted: a slow machine is no broken one.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from importlib import import_module
from pathlib import Path

import click
from rich.console import Console

from bench.pairs import Figure
from bench.rows import Part, parts
from bench.table import document, machine, table


def chosen(only: tuple[str, ...]) -> list[Part]:
    """The parts with the rows that were asked for. Raises `BadParameter` for an unknown name."""
    known = parts()
    names = {row.name for part in known for row in part.rows} | {part.module for part in known}
    unknown = sorted(set(only) - names)
    if unknown:
        raise click.BadParameter(
            f"{', '.join(unknown)}: no such row. There are: {', '.join(sorted(names))}."
        )
    if not only:
        return known
    found = [
        Part(
            part.module,
            part.runs,
            tuple(row for row in part.rows if row.name in only or part.module in only),
        )
        for part in known
    ]
    return [part for part in found if part.rows]


@click.command(help=__doc__)
@click.option("--only", metavar="ROW", multiple=True, help="Only this row; may be repeated.")
@click.option("--runs", type=click.IntRange(1), help="Runs of each row, instead of the table's.")
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Also write every figure and every run's values to FILE.")  # fmt: skip
def main(only: tuple[str, ...], runs: int | None, file: Path | None) -> None:
    progress = Console(stderr=True, highlight=False)
    where = machine()
    figures: list[Figure] = []
    failed: list[str] = []
    for part in chosen(only):
        count = runs or part.runs
        progress.print(
            f"measuring {part.module}, {count} runs of it and of its anchor", style="dim"
        )
        try:
            measured = import_module(f"bench.{part.module}").measure(count)
        except Exception as error:
            failed.append(part.module)
            progress.print(
                f"{part.module} could not be measured: {type(error).__name__}: {error}",
                style="red",
                markup=False,
            )
        else:
            figures += [Figure(row, measured[row.name]) for row in part.rows]
    out = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    out.print(table(figures))
    out.print(
        f"\n{where['cores']} cores, {where['system']}, Python {where['python']}; load "
        f"{where['load']} before, {machine()['load']} after. Medians with least and greatest."
    )
    if file:
        file.write_text(json.dumps(document(figures, where), indent=2) + "\n")
    if failed:
        raise click.ClickException(f"Not measured: {', '.join(failed)}; see above for why.")


if __name__ == "__main__":
    os.environ["AMLOPS_SANDBOX_DURATIONS"] = "zero"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ends what was started on the way out
    main()

"""What a person sees: target and environment first, steps with times, tables; or JSON for pipes."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any

from rich.console import Console
from rich.table import Table

console = Console(stderr=True, highlight=False)
"""People's output goes to standard error, so that standard output is the result alone."""


def header(target: str, environment: str, doing: str) -> None:
    """The first line of every command."""
    where = f"target [cyan]{target}[/] · environment [cyan]{environment}[/]"
    console.print(f"[bold]{doing}[/] · {where}")


@contextmanager
def step(text: str) -> Iterator[None]:
    """A line while something takes its time, and how long it took when it is done."""
    started = time.monotonic()
    # The SDKs print dots and bars to standard output, which is the result's alone.
    with redirect_stdout(io.StringIO()):
        if console.is_terminal:
            with console.status(text):
                yield
        else:
            console.print(f"… {text}")
            yield
    console.print(f"[green]✓[/] {text} [dim]{time.monotonic() - started:.1f} s[/]")


def note(text: str) -> None:
    console.print(text)


def warn(text: str) -> None:
    console.print(f"[yellow]![/] {text}")


def result(data: Any, output: str, shown: Table | str | None = None) -> None:
    """The command's result on standard output: JSON, or what a person reads."""
    if output == "json":
        json.dump(data, sys.stdout, indent=2, default=str)
        sys.stdout.write("\n")
    elif shown is not None:
        Console(highlight=False, soft_wrap=True).print(shown, markup=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> Table:
    made = Table(*columns, title=title or None, title_justify="left", box=None, pad_edge=False)
    for column in made.columns[:2]:
        column.no_wrap = True  # a name that is cut cannot be copied
    for row in rows:
        made.add_row(*("" if cell is None else str(cell) for cell in row))
    return made

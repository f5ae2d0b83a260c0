"""What a person sees: target and environment first, steps with times, tables; or JSON for pipes."""

from __future__ import annotations

import io
import json
import math
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text


class _People(Console):
    def on_broken_pipe(self) -> None:
        """Nobody reads on, as after `2>&1 | head`: the work comes to its end without being told of.

        Rich would end the thread that tells of it; Pulumi then waits for ever to be listened to.
        """
        self.quiet = True
        with suppress(OSError), Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), sys.stderr.fileno())


console = _People(stderr=True, highlight=False)
"""People's output goes to standard error, so that standard output is the result alone."""

LOG_WIDTH = 160
"""Characters in a line of a log."""


def header(target: str, environment: str | None, doing: str) -> None:
    """The first line of every command; None where it is about no environment."""
    where = f" · environment [cyan]{environment}[/]" if environment else ""
    console.print(f"[bold]{doing}[/] · target [cyan]{target}[/]{where}", soft_wrap=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """A line while something takes its time, and how long it took when it is done.

    What the SDKs print meanwhile (dots, bars, colour codes) is left out: standard output is the
    result's alone, and the line says it better.
    """
    started = time.monotonic()
    shown = _People(file=sys.stderr, highlight=False)
    chatter = io.StringIO()
    with redirect_stdout(chatter), redirect_stderr(chatter):
        if shown.is_terminal:
            with shown.status(text):
                yield
        else:
            yield
    shown.print(f"[green]✓[/] {text} [dim]{time.monotonic() - started:.1f} s[/]", soft_wrap=True)


def note(text: str) -> None:
    console.print(text, soft_wrap=True)


def result(data: Any, output: str, shown: Table | str | None = None) -> None:
    """The command's result on standard output: JSON, or what a person reads."""
    if output == "json":
        json.dump(_finite(data), sys.stdout, indent=2, default=str)
        sys.stdout.write("\n")
    elif shown is not None:
        sys.stdout.write(_written(shown, Console(highlight=False, width=_width())))


def _finite(data: Any) -> Any:
    """JSON has no word for NaN and infinity, which a metric may be; Python's is no JSON."""
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    return str(data) if isinstance(data, float) and not math.isfinite(data) else data


def show(shown: Table) -> None:
    """A table that is not the result."""
    sys.stderr.write(_written(shown, Console(stderr=True, highlight=False, width=_width())))


def _written(shown: Table | str, place: Console) -> str:
    """As the place shows it. A table's last column is not filled up: what is copied from it, or
    looked through in a log, has no blanks at its end.
    """
    with place.capture() as captured:
        place.print(shown, markup=False, soft_wrap=True)
    text = captured.get()
    if isinstance(shown, str):
        return text
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def _width() -> int | None:
    """A terminal's own width; in a log nothing has to be cut."""
    return None if sys.stderr.isatty() else LOG_WIDTH


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> Table:
    made = Table(*columns, title=title or None, title_justify="left", box=None, pad_edge=False)
    for column in made.columns:
        column.overflow = "fold"  # what is cut cannot be copied
    made.columns[0].no_wrap = True
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else _text(cell) for cell in row))
    return made


def _text(cell: object) -> str:
    return "" if cell is None else str(cell)

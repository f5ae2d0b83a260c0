"""`amlops drift`."""

from __future__ import annotations

import json
from typing import Any

import click

from ops import options, screen
from ops.target import enter

DRIFTED = 2
"""Exit code, for pipelines: neither success nor failure."""


class _Mistake(click.UsageError):
    """In the command line: it is no drift, and exits with 1, where click has 2."""

    exit_code = 1


class _Command(click.Command):
    def make_context(self, *arguments: Any, **more: Any) -> click.Context:
        try:
            return super().make_context(*arguments, **more)
        except click.UsageError as error:
            raise _Mistake(error.format_message(), error.ctx) from None


@click.command(cls=_Command)
@options.placed
def drift(environment: str, target: str, output: str) -> None:
    """Show where ENV is no longer as its stack made it, and change nothing.

    Exits with 0 when nothing differs, with 2 when something does, with 1 when that cannot be told.
    """
    from ops import stacks
    from ops.drift import GRANTED, find
    from ops.platform import Platform

    screen.header(target, environment, "drift")
    place = enter(target)
    stack = stacks.open_stack(environment, create=False)
    with screen.step("comparing with what is there"):
        found = find(stack, Platform.partly(place, stack))
    rows = [
        (item.kind, item.resource, item.property or item.type, _short(item.expected),
         _who(item.actual) if item.kind == GRANTED else _short(item.actual))
        for item in found
    ]  # fmt: skip
    columns = ("", "resource", "property", "expected", "actual")
    shown = screen.table(columns, rows) if found else "no drift"
    screen.result([item.data() for item in found], output, shown)
    if found:
        screen.note(
            f"'amlops refresh {environment}', then 'amlops up {environment}', puts back what the "
            "stack says; what is to stay goes into the stack file first. What others made or "
            "granted there stays until somebody deletes it."
        )
        raise click.exceptions.Exit(DRIFTED)


def _who(holder: dict[str, str]) -> str:
    return f"{holder['type']} {holder['principal']}"


def _short(value: object) -> str:
    if value is None:
        return "—"
    return value if isinstance(value, str) else json.dumps(value)

"""`amlops doctor`."""

from __future__ import annotations

import click

from ops import options, screen
from ops.target import enter


@click.command()
@options.placed
def doctor(environment: str, target: str, output: str) -> None:
    """Tell what would keep `up` of ENV from succeeding, and the command that mends it.

    ENV need not be there yet. Exits with 1 when there is a problem.
    """
    from ops.doctor.examination import examine, failed

    screen.header(target, environment, "doctor")
    place = enter(target)
    with screen.step("examining"):
        findings = list(examine(place, environment))
    rows = [(_MARKS[item.level], item.check, item.what) for item in findings]
    screen.result(
        [item.data() for item in findings], output, screen.table(("", "check", "finding"), rows)
    )
    for item in findings:
        if item.mend and output == "text":
            screen.note(f"{_MARKS[item.level]} {item.check}: {item.mend}")
    if failed(findings):
        raise click.exceptions.Exit(1)


_MARKS = {"ok": "✓", "warning": "!", "problem": "✗"}

"""`amlops promote`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from ops import options, screen
from ops.failure import Failure
from ops.target import enter

if TYPE_CHECKING:
    from ops.promotion import Check


@click.command()
@click.argument("model")
@click.option("--from", "source", required=True, metavar="ENV",
              callback=options.named_environment, help="Where the model is.")  # fmt: skip
@click.option("--to", "goal", required=True, metavar="ENV",
              callback=options.named_environment, help="Where it is to go.")  # fmt: skip
@click.option("--endpoint", help="The endpoint's name in the stack file; else the model's name.")
@click.option("--workload", type=click.Path(path_type=Path),
              help="The folder with gate.yml and deployment/; else workloads/MODEL.")  # fmt: skip
@click.option("--check", "only_check", is_flag=True,
              help="Only say whether MODEL passes; change nothing.")  # fmt: skip
@options.target
@options.output
def promote(
    model: str,
    source: str,
    goal: str,
    endpoint: str | None,
    workload: Path | None,
    only_check: bool,
    target: str,
    output: str,
) -> None:
    """Move MODEL (NAME or NAME:VERSION) to the next environment if it passes the gate."""
    from ops import deployments, models, promotion
    from ops.platform import Platform

    if source == goal:
        raise click.UsageError(f"'--from' and '--to' are both '{goal}': nothing would move.")
    screen.header(target, f"{source} → {goal}", f"promote {model}")
    name, version = models.split(model)
    folder = deployments.Workload(workload) if workload else deployments.Workload.of(name)
    place = enter(target)
    here = Platform.of(place, source)
    if only_check:
        candidate = models.get(here, name, version)
        checks = promotion.check(place, goal, candidate, folder, endpoint or name)
        passed = all(check.passed for check in checks)
        screen.result({"passed": passed, **_data(checks)}, output, _table(checks))
        if not passed:
            raise Failure(
                f"{name}:{candidate.version} does not pass the gate to '{goal}': {folder.gate}."
            )
        return
    there = Platform.of(place, goal)
    candidate = models.get(here, name, version)
    checks, done = promotion.promote(here, there, candidate, folder, endpoint or name)
    screen.note(f"{done.model} serves {done.endpoint} in '{goal}' as '{done.deployment}'")
    screen.result({**_data(checks), **done.data()}, output, _table(checks))


def _data(checks: list[Check]) -> dict[str, Any]:
    return {"checks": [check.data() for check in checks]}


def _table(checks: list[Check]) -> Table:
    rows = [("pass" if c.passed else "FAIL", c.name, c.value, c.limit) for c in checks]
    return screen.table(("gate", "check", "value", "limit"), rows)

"""`amlops promote`."""

from __future__ import annotations

from pathlib import Path

import click

from ops import options, screen
from ops.target import enter


@click.command()
@click.argument("model")
@click.option("--from", "source", required=True, metavar="ENV",
              callback=options.named_environment, help="Where the model is.")  # fmt: skip
@click.option("--to", "goal", required=True, metavar="ENV",
              callback=options.named_environment, help="Where it is to go.")  # fmt: skip
@click.option("--endpoint", help="The endpoint's name in the stack file; else the model's name.")
@click.option("--workload", type=click.Path(path_type=Path),
              help="The folder with gate.yml and deployment/; else workloads/MODEL.")  # fmt: skip
@options.target
@options.output
def promote(
    model: str,
    source: str,
    goal: str,
    endpoint: str | None,
    workload: Path | None,
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
    here, there = Platform.of(place, source), Platform.of(place, goal)
    candidate = models.get(here, name, version)
    checks, done = promotion.promote(here, there, candidate, folder, endpoint or name)
    rows = [("pass" if c.passed else "FAIL", c.name, c.value, c.limit) for c in checks]
    data = {"checks": [check.data() for check in checks], **done.data()}
    screen.note(f"{done.model} serves {done.endpoint} in '{goal}' as '{done.deployment}'")
    screen.result(data, output, screen.table(("gate", "check", "value", "limit"), rows))

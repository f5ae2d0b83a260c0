"""`amlops train` and `amlops jobs`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click
from rich.table import Table

from ops import options, screen
from ops.target import enter


@click.command()
@options.placed
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--set", "settings", multiple=True, metavar="PATH=VALUE",
              help="Change the job, such as inputs.max_iter=400. May be given again.")  # fmt: skip
@click.option("--wait/--no-wait", default=True, show_default=True, help="Follow the log.")
def train(
    environment: str, target: str, output: str, file: Path, settings: tuple[str, ...], wait: bool
) -> None:
    """Submit the job in FILE (Azure ML v2 YAML) in ENV, follow its log, print its metrics."""
    from ops import jobs as work
    from ops.platform import Platform

    screen.header(target, environment, f"train {file}")
    job = work.draft(file, settings)
    place = enter(target)
    platform = Platform.of(place, environment)
    work.make_data(job, place.outside)
    with screen.step(f"submitting {file.stem} to {platform.workspace}"):
        submitted = work.submit(platform, job)
    screen.note(f"job [bold]{submitted.name}[/] · {submitted.studio_url}")
    if not wait:
        screen.result({"name": submitted.name}, output, submitted.name)
        return
    try:
        done = work.follow(platform, submitted.name, partial(click.echo, nl=False, err=True))
    except KeyboardInterrupt:
        screen.note(
            f"The job goes on. Its log: amlops jobs logs {environment} {submitted.name}; its end: "
            f"amlops jobs cancel {environment} {submitted.name}"
        )
        raise
    screen.result(done.data(), output, _metrics(done.name, done.metrics))


@click.group()
def jobs() -> None:
    """Look at jobs and stop them."""


@jobs.command("list")
@options.placed
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True,
              help="How many, newest first.")  # fmt: skip
def list_jobs(environment: str, target: str, output: str, limit: int) -> None:
    """List the newest jobs of ENV."""
    from ops import jobs as work
    from ops.platform import Platform

    screen.header(target, environment, "jobs")
    found = work.listing(Platform.of(enter(target), environment), limit)
    rows = [(job.name, job.status, job.experiment, job.compute, job.created[:19]) for job in found]
    columns = ("job", "status", "experiment", "compute", "created")
    screen.result([job.data() for job in found], output, screen.table(columns, rows))


@jobs.command()
@options.placed
@click.argument("name")
def show(environment: str, target: str, output: str, name: str) -> None:
    """Show the job NAME of ENV with its metrics and lineage."""
    from ops import jobs as work
    from ops.platform import Platform

    screen.header(target, environment, f"job {name}")
    job = work.show(Platform.of(enter(target), environment), name)
    rows = [(key, value) for key, value in job.data().items() if not isinstance(value, dict)]
    rows += sorted(job.metrics.items()) + sorted(job.tags.items())
    screen.result(job.data(), output, screen.table(("", "value"), rows))


@jobs.command()
@options.placed
@click.argument("name")
def logs(environment: str, target: str, output: str, name: str) -> None:
    """Print what the job NAME of ENV has written so far."""
    from ops import jobs as work
    from ops.platform import Platform

    screen.header(target, environment, f"log of {name}")
    text = work.logs(Platform.of(enter(target), environment), name)
    screen.result({"name": name, "log": text}, output, text.rstrip("\n"))


@jobs.command()
@options.placed
@click.argument("name")
def cancel(environment: str, target: str, output: str, name: str) -> None:
    """Cancel the job NAME of ENV with all its processes."""
    from ops import jobs as work
    from ops.platform import Platform

    screen.header(target, environment, f"cancel {name}")
    platform = Platform.of(enter(target), environment)
    with screen.step(f"cancelling {name}"):
        job = work.cancel(platform, name)
    screen.result(job.data(), output, f"{name} is {job.status}")


def _metrics(name: str, metrics: dict[str, float]) -> Table:
    rows = [(key, f"{value:.6g}") for key, value in sorted(metrics.items())]
    return screen.table(("metric", "value"), rows, title=name)

"""`amlops models`."""

from __future__ import annotations

import click

from ops import options, screen
from ops.target import enter


@click.group()
def models() -> None:
    """Register, list and show models."""


@models.command()
@options.placed
@click.argument("name")
@click.option("--job", required=True, help="The completed job whose output it is.")
@click.option("--from-output", "source", default="model", show_default=True,
              help="Which output of the job.")  # fmt: skip
def register(environment: str, target: str, output: str, name: str, job: str, source: str) -> None:
    """Register an output of a job in ENV as a new version of the model NAME."""
    from ops import models as assets
    from ops.platform import Platform

    screen.header(target, environment, f"register {name}")
    platform = Platform.of(enter(target), environment)
    with screen.step(f"registering output '{source}' of {job}"):
        model = assets.register(platform, name, job, source)
    screen.result(model.data(), output, f"{model.name}:{model.version}")


@models.command("list")
@options.placed
@click.argument("name", required=False)
def list_models(environment: str, target: str, output: str, name: str | None) -> None:
    """List the models of ENV, or all versions of the model NAME."""
    from ops import models as assets
    from ops.platform import Platform

    screen.header(target, environment, "models")
    found = assets.listing(Platform.of(enter(target), environment), name)
    rows = [(m.name, m.version, m.type, m.job, m.created[:19]) for m in found]
    columns = ("model", "version", "type", "job", "created")
    screen.result([m.data() for m in found], output, screen.table(columns, rows))


@models.command()
@options.placed
@click.argument("model")
def show(environment: str, target: str, output: str, model: str) -> None:
    """Show MODEL (NAME or NAME:VERSION) of ENV with its lineage."""
    from ops import models as assets
    from ops.platform import Platform

    screen.header(target, environment, f"model {model}")
    name, version = assets.split(model)
    found = assets.get(Platform.of(enter(target), environment), name, version)
    rows = [(key, value) for key, value in found.data().items() if key != "tags"]
    rows += sorted(found.tags.items())
    screen.result(found.data(), output, screen.table(("", "value"), rows))

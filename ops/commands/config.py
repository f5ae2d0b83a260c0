"""`amlops config`: about files only, so that none of it asks a service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from ops import options, screen
from ops.target import ROOT

if TYPE_CHECKING:
    from ops.configuration import Setting

STYLES = {"file": "bold", "derived": "yellow", "default": "dim"}
environments = click.argument(
    "environments",
    metavar="ENV ENV…",
    nargs=-1,
    required=True,
    callback=lambda context, parameter, value: [
        options.named_environment(context, parameter, one) for one in value
    ],
)


@click.group()
def config() -> None:
    """Look at stack files, compare them, make new ones."""


@config.command()
@options.environment
@click.argument("section", required=False, default="")
@click.option("--output", type=click.Choice(["text", "json", "yaml"]), default="text",
              show_default=True, help="How the result is printed.")  # fmt: skip
def show(environment: str, section: str, output: str) -> None:
    """Print the settings in effect in ENV, and where each comes from.

    With SECTION, such as network or clusters.cpu-cluster, only what is below it.
    """
    from ops import configuration

    _header("config show", environment)
    found = configuration.effective(environment, section)
    if output == "yaml":
        click.echo(configuration.as_yaml(found), nl=False)
        return
    rows = screen.table(("setting", "value", "from"), _tree(found))
    screen.result([one.data() for one in found], output, rows)


@config.command()
@environments
@options.output
def diff(environments: list[str], output: str) -> None:
    """Print the settings that differ between environments."""
    from ops import configuration

    if len(environments) < 2:
        raise click.UsageError("Name two environments or more.")
    _header("config diff", *environments)
    found = configuration.differences(environments)
    rows = [
        (
            setting,
            *(
                configuration.written(values[name]) if name in values else ""
                for name in environments
            ),
        )
        for setting, values in found.items()
    ]
    if not found:
        screen.note("nothing differs")
    screen.result(found, output, screen.table(("setting", *environments), rows) if rows else None)


@config.command()
@options.environment
@click.option("--from", "source", metavar="ENV", required=True, callback=options.named_environment,
              help="The environment whose stack file is copied.")  # fmt: skip
@click.option("--set", "changes", metavar="PATH=VALUE", multiple=True,
              help="Change a setting, as clusters.cpu-cluster.max=4; null: out.")  # fmt: skip
@options.output
def new(environment: str, source: str, changes: tuple[str, ...], output: str) -> None:
    """Make the stack file of ENV out of another one's, comments and order kept."""
    from ops import configuration

    _header("config new", environment)
    path = configuration.new_stack_file(environment, source, _changes(changes))
    file = str(path.relative_to(ROOT))
    screen.note(f"next: amlops up {environment}")
    screen.result({"environment": environment, "file": file}, output, f"made {file}")


@config.command()
@options.output
def schema(output: str) -> None:
    """Write what follows from the settings that there are: to be run when one was added.

    The JSON schema of stack files, from which editors complete and check, and docs/settings.md.
    """
    from ops import configuration

    files = [str(path.relative_to(ROOT)) for path in configuration.write_schema()]
    screen.result({"files": files}, output, "\n".join(f"wrote {file}" for file in files))


def _header(doing: str, *environments: str) -> None:
    shown = ", ".join(f"[cyan]{name}[/]" for name in environments)
    screen.note(f"[bold]{doing}[/] · environment {shown}")


def _changes(given: tuple[str, ...]) -> dict[str, Any]:
    from ops import configuration

    try:
        return dict(configuration.change(text) for text in given)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--set") from None


def _tree(settings: list[Setting]) -> Iterator[tuple[str, str | Text, str | Text]]:
    """A line for each setting and for each section above it, indented."""
    above: list[str] = []
    for one in settings:
        *sections, name = one.parts
        for depth, section in enumerate(sections):
            if above[: depth + 1] != sections[: depth + 1]:
                yield "  " * depth + section, "", ""
        above = sections
        indented = "  " * len(sections) + name
        style = STYLES[one.origin]
        yield indented, Text(_value(one), style), Text(one.source, style)


def _value(one: Setting) -> str:
    """What is in effect; of what is not given, what the program does without it."""
    from ops.configuration import written

    return f"({one.without})" if one.value is None and one.without else written(one.value)

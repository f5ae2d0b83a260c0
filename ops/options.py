"""Arguments and options that several commands share, defined once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import click

from ops.failure import Failure
from ops.target import TARGETS

Command = TypeVar("Command", bound=Callable[..., Any])
Asked = TypeVar("Asked")
_ENVIRONMENT = re.compile(r"[a-z][a-z0-9-]{1,9}")

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def named_environment(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """Refuses what cannot name an environment, as a mistake in the command line."""
    if not _ENVIRONMENT.fullmatch(value):
        raise click.BadParameter(
            f"'{value}' cannot name an environment: "
            "it is 2 to 10 lower-case letters, digits and hyphens, a letter first, such as dev."
        )
    return value


def named_environment_or_none(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> str | None:
    """The same for an option or argument that may be left out."""
    return None if value is None else named_environment(context, parameter, value)


def time_to_live(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> timedelta | None:
    """Of 30m, 8h or 2d; refuses what is no time, or none that an environment may live."""
    if value is None:
        return None
    match = re.fullmatch(r"(\d{1,4})([mhd])", value)
    found = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else timedelta()
    if not timedelta(minutes=15) <= found <= timedelta(days=30):
        raise click.BadParameter(f"'{value}' is no time from 15m to 30d; write 30m, 8h or 2d.")
    return found


def answer(question: Callable[[], Asked], instead: str) -> Asked:
    """What a person answers. Raises `Failure` where nobody does, as in a pipeline: the option
    `instead` answers there.
    """
    try:
        return question()
    except click.Abort:
        click.echo(err=True)  # Behind the question.
        raise Failure(
            f"Nobody answered, so nothing was done. In a pipeline say: {instead}"
        ) from None


environment = click.argument("environment", metavar="ENV", callback=named_environment)

target = click.option(
    "--target",
    type=click.Choice(TARGETS),
    default=lambda: os.environ.get("AMLOPS_TARGET", "sandbox"),
    show_default="AMLOPS_TARGET, else sandbox",
    help="Where: the sandbox on this machine, or a real subscription.",
)

output = click.option(
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the result is printed.",
)

output_or_markdown = click.option(
    "--output",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How the result is printed; markdown is for a pull request's comment.",
)
"""Instead of `output`, where the result is worth a comment."""


def placed(command: Command) -> Command:
    """ENV, --target and --output: what a command about one environment takes."""
    for decorate in (output, target, environment):
        command = decorate(command)
    return command

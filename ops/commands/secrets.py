"""`amlops secrets`: what a stack file names, and Key Vault holds."""

from __future__ import annotations

import re
import sys

import click

from ops import options, screen
from ops.target import enter

_NAME = re.compile(r"[A-Za-z0-9-]{1,127}")


def _name(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not _NAME.fullmatch(value):
        raise click.BadParameter(
            f"'{value}' cannot name a secret: allowed are letters, digits and hyphens."
        )
    return value


@click.group()
def secrets() -> None:
    """Put secrets into an environment's vault, and see which are missing."""


@secrets.command("set")
@options.placed
@click.argument("name", callback=_name)
def set_secret(environment: str, target: str, output: str, name: str) -> None:
    """Put the secret NAME into the vault of ENV; its value comes from standard input.

    On a terminal it is asked for and not shown. The next `amlops up ENV` hands it on.
    """
    from ops import secrets as vaults

    screen.header(target, environment, f"secret {name}")
    enter(target)
    vault = vaults.vault(environment)
    if sys.stdin.isatty():
        value = str(click.prompt(f"Value of {name}", hide_input=True, err=True))
    else:
        value = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    vaults.put(vault, name, value)
    text = f"{name} is in vault {vault}. Where a setting names it, run: amlops up {environment}"
    screen.result({"vault": vault, "name": name}, output, text)


@secrets.command("list")
@options.placed
def list_secrets(environment: str, target: str, output: str) -> None:
    """List the secrets of ENV without their values: since when, named where, which are missing."""
    from ops import secrets as vaults

    screen.header(target, environment, "secrets")
    enter(target)
    found = vaults.listing(environment, vaults.vault(environment))
    rows = [(one.name, one.updated or "missing", ", ".join(one.settings)) for one in found]
    data = [
        {"name": one.name, "updated": one.updated or None, "settings": list(one.settings)}
        for one in found
    ]
    screen.result(data, output, screen.table(("secret", "updated", "named by"), rows))

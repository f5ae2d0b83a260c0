"""`amlops init`."""

from __future__ import annotations

import sys

import click

from ops import options, screen


@click.command()
@click.option("--workload", help="Its name: in every resource's name, and its folder's.")
@click.option("--owner", help="The team that owns it: a tag of every resource.")
@click.option("--cost-centre", help="Who pays: a tag of every resource.")
@click.option("--location", help="The region of its environments.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@options.output
def init(
    workload: str | None,
    owner: str | None,
    cost_centre: str | None,
    location: str | None,
    dry_run: bool,
    output: str,
) -> None:
    """Set up a fork of this repository for a workload of its own.

    Changes the stack files of the example, and copies the starter workload. Asks for what is not
    given, at a terminal. May run again; overwrites nobody else's files.
    """
    from ops.initialise import apply, plan

    screen.console.print("[bold]init[/]")
    given = {"owner": owner, "cost_centre": cost_centre, "location": location}
    if workload is None:
        workload = _ask("workload", None)
        given = {key: value or _ask(key, key) for key, value in given.items()}
    found = plan(workload, {key: value for key, value in given.items() if value})
    for line in found.left:
        screen.note(f"left as it is: {line}")
    if not dry_run:
        apply(found)
    data = found.data()
    lines = [data["diff"], *(f"new: {name}" for name in data["created"])]
    shown = "\n".join(line for line in lines if line) or "nothing to change"
    screen.result({**data, "written": not dry_run}, output, shown)
    if found.edits and not dry_run:
        screen.note(f"Next: amlops up dev, then amlops train dev workloads/{workload}/train.yml")


def _ask(name: str, setting: str | None) -> str:
    """Raises `click.UsageError` where nobody can be asked."""
    from ops.initialise import current

    if not sys.stdin.isatty():
        raise click.UsageError("Missing option '--workload'.")
    default = current(setting) if setting else None
    answer: str = click.prompt(name.replace("_", " "), default=default, err=True)
    return answer

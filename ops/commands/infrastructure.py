"""`amlops up`, `preview`, `refresh`, `down`, `outputs`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click
from rich.table import Table

from ops import options, screen
from ops.failure import Failure
from ops.target import ROOT, enter

POLICIES = ROOT / "policies"


def _short_lived(target: str, environment: str, source: str | None, live: timedelta) -> None:
    from ops.environments import inventory, written
    from ops.short_lived import stack_file

    seen = inventory(enter(target))
    told = stack_file(environment, source, live, seen)
    screen.note(f"{environment} expires {written(seen.now + live)}")
    if told:
        screen.note(told)


@click.command()
@options.placed
@click.option("--no-policies", is_flag=True, help="Leave out the policy pack.")
@click.option("--from", "source", metavar="ENV", callback=options.named_environment_or_none,
              help="Make ENV a short-lived copy of this environment; wants --ttl.")  # fmt: skip
@click.option("--ttl", "live", metavar="TIME", callback=options.time_to_live,
              help="How long ENV lives until `amlops expire` removes it: 30m, 8h, 2d.")  # fmt: skip
def up(
    environment: str,
    target: str,
    output: str,
    no_policies: bool,
    source: str | None,
    live: timedelta | None,
) -> None:
    """Provision ENV, or bring it up to date.

    The same program as `pulumi up -s ENV`. An update that was killed before is taken up again.
    With `--from dev --ttl 8h` a short-lived environment; the same again renews its time.
    """
    from ops import recovery, stacks
    from ops.watching import Resources

    if source and live is None:
        raise click.UsageError(
            f"'--from' wants '--ttl'. What stays is made by: amlops config new {environment} "
            f"--from {source}"
        )
    screen.header(target, environment, "up")
    if live:
        _short_lived(target, environment, source, live)
    stacks.check_settings(environment)
    enter(target)
    stack = stacks.open_stack(environment, create=True)
    with Resources(environment) as resources:
        made = recovery.up(stack, None if no_policies else POLICIES, resources.watch)
    screen.note(resources.summary())
    data = {"changes": resources.counts(), "outputs": made}
    screen.result(data, output, _table(made))


@click.command()
@options.placed
def preview(environment: str, target: str, output: str) -> None:
    """Show what `up` would change in ENV, and stop on what the policies forbid."""
    from ops import recovery, stacks
    from ops.watching import Resources

    screen.header(target, environment, "preview")
    stacks.check_settings(environment)
    enter(target)
    stack = stacks.open_stack(environment, create=True)
    recovery.recover(stack)
    with Resources(environment, planned=True) as resources:
        stacks.preview(stack, POLICIES, resources.watch)
    columns = ("", "resource", "type", "differs in")
    screen.note(resources.summary())
    data = {"changes": resources.counts(), "resources": resources.planned()}
    rows = resources.rows()
    screen.result(data, output, screen.table(columns, rows) if rows else "nothing would change")
    for line in resources.lost():
        screen.note(line)


@click.command()
@options.placed
def refresh(environment: str, target: str, output: str) -> None:
    """Compare ENV's state with what is there; what is gone is made again by the next `up`."""
    from ops import recovery, stacks
    from ops.watching import Resources

    screen.header(target, environment, "refresh")
    enter(target)
    stack = stacks.open_stack(environment, create=False)
    recovery.recover(stack)
    with Resources(refreshing=True) as resources:
        stacks.refresh(stack, resources.watch)
    screen.result({"changes": resources.counts()}, output, resources.summary())


@click.command()
@options.placed
@click.option("--yes", is_flag=True, help="Do not ask.")
def down(environment: str, target: str, output: str, yes: bool) -> None:
    """Destroy the resources that the stack ENV made. `amlops up ENV` makes them anew.

    What was put there by others stays, and so does what Azure soft-deletes: see `teardown`.
    """
    from ops import recovery, stacks
    from ops.platform import Platform
    from ops.teardown import delete_workspace, protected
    from ops.watching import Resources

    screen.header(target, environment, "down")
    place = enter(target)
    stack = stacks.open_stack(environment, create=False)
    question = f"Destroy all resources of '{environment}'?"
    if not yes and not options.answer(lambda: click.confirm(question, err=True), "--yes"):
        raise Failure("Nothing was destroyed.")
    recovery.recover(stack)
    platform = Platform.partly(place, stack)
    if platform and platform.outputs.get("protection"):
        raise Failure(protected(environment))
    if platform and platform.outputs.get("workspace"):
        with screen.step(f"deleting workspace {platform.workspace}, so that its name is free"):
            delete_workspace(platform, platform.workspace)
    with Resources() as resources:
        stacks.down(stack, resources.watch)
    screen.result({"changes": resources.counts()}, output, resources.summary())


@click.command()
@options.placed
def outputs(environment: str, target: str, output: str) -> None:
    """Print what ENV consists of: group, workspace, computes, endpoints."""
    from ops import stacks

    screen.header(target, environment, "outputs")
    enter(target)
    found = stacks.outputs(environment)
    screen.result(found, output, _table(found))


def _table(outputs: dict[str, Any]) -> Table:
    """Of what there is: an environment without queues has no row of them."""
    rows = ((key, _short(value)) for key, value in outputs.items())
    return screen.table(("output", "value"), (row for row in rows if row[1]))


def _short(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={_short(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(_short(inner) for inner in value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)

"""`amlops environments`, `amlops expire`."""

from __future__ import annotations

import click

from ops import options, screen
from ops.failure import Failure
from ops.target import enter


@click.command()
@options.target
@options.output
def environments(target: str, output: str) -> None:
    """List the environments of this repository's workloads, wherever something of them is.

    In subscriptions by the tags of resource groups, in Pulumi's backend, in `stacks/`.
    """
    from ops.environments import inventory, written

    screen.header(target, None, "environments")
    place = enter(target)
    seen = inventory(place)
    rows = [
        (item.name, item.state, item.group, written(item.expires) or "stays",
         "yes" if item.stack else "no", "yes" if item.file else "no",
         item.elsewhere(place.subscription))
        for item in seen.environments
    ]  # fmt: skip
    columns = ("environment", "state", "resource group", "expires", "stack", "stack file",
               "elsewhere")  # fmt: skip
    screen.result([item.data() for item in seen.environments], output, screen.table(columns, rows))
    for item in seen.environments:
        if item.unseen:
            screen.note(f"{item.name}: {item.unseen}")


@click.command()
@click.argument("environment", metavar="[ENV]", required=False,
                callback=options.named_environment_or_none)  # fmt: skip
@click.option("--now", is_flag=True, help="Remove ENV although its time is not over.")
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
@options.target
@options.output
def expire(environment: str | None, now: bool, dry_run: bool, target: str, output: str) -> None:
    """Remove the short-lived environments whose time is over, or ENV of them.

    Never touches what has no `expires`, nor what belongs to another repository's workload.
    """
    from ops.environments import inventory, written
    from ops.expiry import Outcome, chosen, remove

    if now and environment is None:
        raise click.UsageError("'--now' removes one environment: name it.")
    screen.header(target, environment, "expire")
    place = enter(target)
    with screen.step("looking for what expires"):
        seen = inventory(place)
        found = chosen(seen, environment, now=now)
    outcomes = [Outcome(item, "due") if dry_run else remove(place, item) for item in found]
    rows = [
        (item.environment.name, item.environment.group, written(item.environment.expires),
         item.result, item.error or ", ".join(item.kept))
        for item in outcomes
    ]  # fmt: skip
    if not outcomes:
        known = environment is None or seen.named(environment)
        screen.note("nothing has expired" if known else f"there is no '{environment}' any more")
    columns = ("environment", "resource group", "expires", "", "why, or what stays")
    shown = screen.table(columns, rows) if outcomes else None
    screen.result([item.data() for item in outcomes], output, shown)
    failed = [item.environment.name for item in outcomes if item.result == "failed"]
    if failed:
        raise Failure(
            f"{len(failed)} of {len(outcomes)} could not be removed: {', '.join(failed)}. Mend "
            "what is said above and run the same command again."
        )

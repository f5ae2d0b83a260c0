"""`amlops policy`: list the rules, explain one, ask them about an environment."""

from __future__ import annotations

import sys

import click

from ops import options, screen
from ops.failure import Failure
from ops.target import enter


@click.group(name="policy")
def policy() -> None:
    """List the policies, explain one, check an environment."""


@policy.command(name="list")
@click.option("--environment", "place", metavar="ENV", default="", help="Levels as they are there.")
@options.output
def list_(place: str, output: str) -> None:
    """All policies with their levels."""
    from ops import policies, stack_files

    if place and place not in stack_files.names():
        raise stack_files.missing(place)
    found = policies.listed(place)
    rules = found["rules"]
    rows = [
        (
            rule["id"],
            rule["level"] if place else _levels(rule),
            rule["severity"],
            rule["what"],
        )
        for rule in rules
    ]
    screen.result(rules, output, screen.table(("policy", "level", "severity", "demands"), rows))
    if found["fault"]:
        raise Failure(found["fault"])


@policy.command()
@click.argument("rule", metavar="ID")
@options.output
def explain(rule: str, output: str) -> None:
    """What the policy ID demands, why, and how to mend what violates it."""
    from ops import policies

    found = policies.rule(rule)
    elsewhere = [f"{name} {id_}" for name, ids in found["elsewhere"].items() for id_ in ids]
    exempted = [
        f"{item['resource']} in {item['stack']} until {item['expires']}: {item['reason']}"
        for item in found["exemptions"]
    ]
    values = [
        f"{name} {_short(value)}" + (f" ({place})" if place != "default" else "")
        for name, options in found["values"].items()
        for place, value in options.items()
    ]
    rows = [
        ("demands", found["what"]),
        ("because", found["why"]),
        ("mend", found["mend"]),
        ("level", _levels(found)),
        ("severity", found["severity"]),
        ("allowed", "\n".join(values)),
        ("looks at", "\n".join(found["types"])),
        ("knows", "the whole stack" if found["scope"] == "stack" else "one resource"),
        ("elsewhere", "\n".join(elsewhere)),
        ("exempted", "\n".join(exempted)),
    ]
    shown = [row for row in rows if row[1]]
    screen.result(found, output, screen.table((found["id"], ""), shown))


@policy.command()
@options.environment
@options.target
@options.output_or_markdown
def check(environment: str, target: str, output: str) -> None:
    """Say what the policies find in ENV as its stack file is now, provisioned or not.

    Changes nothing. Exit code 1 when a mandatory policy is violated.
    """
    from ops import policies, stacks
    from ops.watching import Resources

    screen.header(target, environment, "policy check")
    stacks.check_settings(environment)
    enter(target)
    with Resources(planned=True) as resources:
        report = policies.check(environment, resources)
    if output == "markdown":
        click.echo(report.markdown())
    else:
        shown = screen.table(policies.COLUMNS, report.rows()) if report.violations else None
        screen.result(report.document(), output, shown)
    screen.note(report.summary())
    if not report.passed:
        sys.exit(1)


def _levels(rule: dict[str, object]) -> str:
    levels = rule["levels"]
    assert isinstance(levels, dict)
    others = [f"{key}: {level}" for key, level in levels.items() if key != "default"]
    return ", ".join([levels["default"], *others])


def _short(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | dict) else str(value)

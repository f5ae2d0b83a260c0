"""The policies: what they demand of an environment, and what they say of its stack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pulumi import automation
from pulumi.automation.events import EngineEvent

from ops import markdown, programs, stack_files, stacks
from ops.failure import Failure
from ops.findings import LEVELS, Finding, Findings
from ops.target import ROOT

if TYPE_CHECKING:
    from ops.watching import Change, Resources

PACK = ROOT / "policies"
NAMED = 3
"""Resources that a row of a table names; more are counted."""
STOPS, LATER = "mandatory", "unknown"
COLUMNS = ("level", "policy", "resource", "found", "how to mend")
SEVERITIES = ("critical", "high", "medium", "low", "")
_CHANGES = {
    "create": "to make",
    "update": "to change",
    "replace": "to replace",
    "delete": "to delete",
    "same": "as they are",
}


@dataclass(frozen=True)
class Violation:
    """What a rule found on a resource; `level` is one of `ops.findings.LEVELS`."""

    level: str
    rule: str
    severity: str
    resource: str
    type: str
    found: str
    mend: str


@dataclass(frozen=True)
class Report:
    """What the policies say of an environment as its stack file is now."""

    environment: str
    violations: list[Violation]
    counts: dict[str, int]
    changes: dict[str, int]
    resources: list[Change]
    """What `up` would change."""

    @property
    def passed(self) -> bool:
        return not self.counts[STOPS]

    def document(self) -> dict[str, Any]:
        return {
            "environment": self.environment,
            "passed": self.passed,
            "counts": self.counts,
            "changes": self.changes,
            "violations": [asdict(violation) for violation in self.violations],
        }

    def summary(self) -> str:
        counted = [f"{count} {level}" for level, count in self.counts.items() if count]
        return ", ".join(counted) or "all policies hold"

    def markdown(self) -> str:
        """For a pull request's comment: what stops, the plan, and what else was found."""
        stops = [item for item in self.violations if item.level == STOPS]
        others = [item for item in self.violations if item.level != STOPS]
        counts = [(level, count) for level, count in self.counts.items() if count]
        plan = [(word, self.changes.get(operation, 0)) for operation, word in _CHANGES.items()]
        changed = [(item["operation"], item["name"], item["type"]) for item in self.resources]
        parts = [
            f"## Policies of {self.environment}: {self.summary()}\n",
            markdown.report("Findings by level", ("level", "count"), counts),
            markdown.report("Plan", ("resources", "count"), plan),
        ]
        if changed:
            parts.append(markdown.report("Changes", ("operation", "resource", "type"), changed))
        if stops:
            parts.append(markdown.report(f"Stops `up`: {len(stops)}", COLUMNS, _rows(stops)))
        if others:
            parts.append(markdown.report(f"Told: {len(others)}", COLUMNS, _rows(others)))
        return "\n".join(parts)

    def rows(self) -> list[tuple[str, ...]]:
        """Of a table with `COLUMNS`."""
        return list(_rows(self.violations))


def _worst(item: Violation) -> tuple[int, int, str, str, str, str]:
    level, severity = LEVELS.index(item.level), SEVERITIES.index(item.severity)
    return level, severity, item.rule, item.found, item.mend, item.resource


def _rows(violations: list[Violation]) -> Iterator[tuple[str, ...]]:
    """What is said of many resources alike is one row; each is named in JSON."""
    alike = groupby(violations, key=lambda one: (one.level, one.rule, one.found, one.mend))
    for (level, rule, found, mend), grouped in alike:
        names = [item.resource for item in grouped]
        yield level, rule, names[0] if len(names) == 1 else _many(names), found, mend


def _many(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= NAMED else f"{len(names)} resources"


def catalogue(environment: str = "") -> dict[str, Any]:
    """All rules, as they are in an environment: `rules`, `exemptions`.

    Raises `Failure` when a file of the pack is wrong.
    """
    document = listed(environment)
    if document["fault"]:
        raise Failure(document["fault"])
    return document


def listed(environment: str = "") -> dict[str, Any]:
    """As `catalogue`; what is wrong with the exemptions is the `fault`, and there are none."""
    document: dict[str, Any] = json.loads(programs.ask("policies.catalogue", environment))
    return document


def rule(id_: str) -> dict[str, Any]:
    """One rule with its exemptions and values. Raises `Failure` when there is none of the name."""
    everything = catalogue()
    for item in everything["rules"]:
        if item["id"] == id_:
            granted = [one for one in everything["exemptions"] if one["rule"] == id_]
            return {**item, "exemptions": granted}
    near = [item["id"] for item in everything["rules"] if id_ in item["id"]]
    hint = f" Did you mean: {', '.join(near)}?" if near else " See: amlops policy list"
    raise Failure(f"There is no policy '{id_}'.{hint}")


def check(environment: str, resources: Resources) -> Report:
    """Preview an environment with the policies. Leaves nothing behind, not even a stack.

    Raises `Failure` when the preview fails for another reason than a policy.
    """
    rules = {item["id"]: item for item in catalogue(environment)["rules"]}
    findings, errors = Findings(), list[str]()

    def both(event: EngineEvent) -> None:
        resources.watch(event)
        findings.watch(event)
        if event.diagnostic_event and event.diagnostic_event.severity == "error":
            errors.append(event.diagnostic_event.message.strip())

    with borrowed(environment) as stack:
        try:
            stack.preview(policy_packs=[str(PACK)], on_event=both)
        except automation.CommandError as error:
            stopped = findings.counts()[STOPS] and all(map(stacks.says_nothing, errors))
            if not stopped:
                raise stacks.failure_of(error) from None
    violations = sorted((_violation(finding, rules) for finding in findings.all()), key=_worst)
    return Report(
        environment, violations, findings.counts(), resources.counts(), resources.planned()
    )


@contextmanager
def borrowed(environment: str) -> Iterator[automation.Stack]:
    """The stack of an environment. One that is not there is made, and removed again; the stack
    file is as it was.
    """
    stacks.need_pulumi()
    there = environment in stacks.names()
    file = stack_files.path(environment)
    before = file.read_bytes()
    stack = stacks.open_stack(environment, create=not there)
    try:
        yield stack
    finally:
        if not there:
            stacks.remove(stack)
        if file.read_bytes() != before:
            file.write_bytes(before)


def _violation(finding: Finding, rules: dict[str, Any]) -> Violation:
    """What was found, and how to mend it, which the text of a finding says in one."""
    rule = rules.get(finding.rule, {"severity": "", "mend": ""})
    found, mend = finding.text, rule["mend"]
    if finding.level == "exempted":
        found, _, rest = finding.text.partition(". Exempt until ")
        mend = f"Exempt until {rest}"
    elif finding.level == LATER:
        mend = ""
    elif mend:
        found, _, note = finding.text.partition(f". {mend}")
        mend += note
    return Violation(
        finding.level,
        finding.rule,
        rule["severity"],
        finding.resource,
        finding.type,
        found,
        mend,
    )

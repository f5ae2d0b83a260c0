"""A live table of resources while Pulumi works."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict

import yaml
from pulumi.automation.events import EngineEvent, StepEventMetadata
from rich.live import Live
from rich.table import Table

from ops.findings import Findings
from ops.screen import console

SHOWN = 14
"""Rows of the live table: what is at work, and what was done last."""

_VERBS = {
    "create": "creating",
    "update": "updating",
    "delete": "deleting",
    "replace": "replacing",
    "create-replacement": "replacing",
    "delete-replaced": "deleting",
    "read": "reading",
    "refresh": "refreshing",
    "import": "importing",
}


_COUNTED = {
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "refresh": "same",
    "import": "create",
}
"""What an operation counts as, where not as itself; a refresh that finds something says so."""
_WORDS = {
    "create": "made",
    "update": "changed",
    "replace": "replaced",
    "delete": "deleted",
    "same": "unchanged",
}
_PROVIDERS = "pulumi:providers:"
_LOSING = frozenset({"delete", "replace", "create-replacement", "delete-replaced"})


class Change(TypedDict):
    """What would happen to one resource; `differs` are the properties that do."""

    operation: str
    type: str
    name: str
    differs: list[str]


@dataclass
class _Step:
    change: Change
    state: str
    """at work, done, failed"""


class Resources:
    """Collects the engine's events; inside ``with``, shows them."""

    def __init__(
        self, environment: str = "", planned: bool = False, refreshing: bool = False
    ) -> None:
        """`environment`: of which to tell at the end what the policies said; without, nothing.
        `refreshing`: what is deleted is only forgotten, since it is no longer there.
        """
        self._planned = planned
        self._refreshing = refreshing
        self._operations: dict[str, str] = {}
        self._environment = environment
        self._findings = Findings()
        self._steps: dict[str, _Step] = {}
        self._started = time.monotonic()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if console.is_terminal:
            self._live = Live(self._table(), console=console, refresh_per_second=8, transient=True)
            self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.__exit__(kind, error, trace)
        if self._environment and self._findings.summary():
            console.print(
                f"{self._findings.summary()}; see: amlops policy check {self._environment}",
                soft_wrap=True,
            )

    def watch(self, event: EngineEvent) -> None:
        """Take one event of the engine."""
        if event.resource_pre_event:
            self._step(event.resource_pre_event.metadata, "at work")
        elif event.res_outputs_event:
            self._step(event.res_outputs_event.metadata, "done")
        elif event.res_op_failed_event:
            self._step(event.res_op_failed_event.metadata, "failed")
        elif event.diagnostic_event and event.diagnostic_event.severity == "error":
            text = event.diagnostic_event.message.strip()
            if text and not self._planned:
                console.print(text, style="red", markup=False)
        self._findings.watch(event)
        if self._live:
            self._live.update(self._table())

    def _step(self, metadata: StepEventMetadata, state: str) -> None:
        operation = str(getattr(metadata.op, "value", metadata.op))
        if not _is_resource(metadata):
            return
        self._count(metadata.urn, operation)
        if operation == "same":
            return
        known = self._steps.pop(metadata.urn, None)
        fresh = known is None or known.state != state
        detailed = metadata.detailed_diff or {}
        name = metadata.urn.rsplit("::", 1)[-1]
        change = Change(
            operation=operation,
            type=metadata.type,
            name=name,
            differs=sorted(detailed) or sorted(metadata.diffs or []),
        )
        self._steps[metadata.urn] = _Step(change, state)
        if fresh and state != "at work" and not console.is_terminal and not self._planned:
            seconds = time.monotonic() - self._started
            shown = "forget" if self._forgets(operation) else operation
            console.print(f"{seconds:5.1f} s  {state:8} {shown:8} {name}", markup=False)
        if not self._planned and not self._refreshing and known is None:
            for line in _lost(change):
                console.print(line, markup=False, soft_wrap=True)

    def _forgets(self, operation: str) -> bool:
        return self._refreshing and operation == "delete"

    def _count(self, urn: str, operation: str) -> None:
        counted = _COUNTED.get(operation, operation)
        if counted != "same":
            self._operations[urn] = counted
        else:
            # What an update has done stays done when it is tried again.
            self._operations.setdefault(urn, counted)

    def counts(self) -> dict[str, int]:
        """How many resources by operation: create, update, delete, replace, same."""
        return dict(Counter(self._operations.values()))

    def summary(self) -> str:
        """The counts in words."""
        words = {**_WORDS, "delete": "forgotten"} if self._refreshing else _WORDS
        counted = [f"{count} {words.get(kind, kind)}" for kind, count in self.counts().items()]
        return ", ".join(counted) or "nothing to do"

    def planned(self) -> list[Change]:
        """What would happen to each resource."""
        return [step.change for step in self._steps.values()]

    def lost(self) -> list[str]:
        """A line for each resource that would take with it what it holds."""
        return [line for change in self.planned() for line in _lost(change)]

    def rows(self) -> list[tuple[str, str, str, str]]:
        signs = {"create": "+", "update": "~", "delete": "-"}
        return [
            (
                signs.get(step["operation"], step["operation"]),
                step["name"],
                step["type"],
                ", ".join(step["differs"]),
            )
            for step in self.planned()
        ]

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False)
        for column in ("", "resource", "type"):
            table.add_column(column)
        marks = {"at work": "[yellow]…[/]", "done": "[green]✓[/]", "failed": "[red]✗[/]"}
        for step in list(self._steps.values())[-SHOWN:]:
            change = step.change
            verb = _VERBS.get(change["operation"], change["operation"])
            verb = "forgetting" if self._forgets(change["operation"]) else verb
            table.add_row(
                marks[step.state], f"{verb} {change['name']}", f"[dim]{change['type']}[/]"
            )
        done = sum(step.state == "done" for step in self._steps.values())
        table.caption = f"{done} done, {time.monotonic() - self._started:.0f} s"
        return table


def _is_resource(metadata: StepEventMetadata) -> bool:
    """Components and the stack itself only hold others together: the engine says nothing of them,
    where it says of a resource that it is custom. So is a provider, which is Pulumi's own.
    """
    state = metadata.new or metadata.old
    return bool(state and state.custom) and not metadata.type.startswith(_PROVIDERS)


def _lost(change: Change) -> list[str]:
    """What goes with the resource; nothing where it stays, or holds nothing."""
    held = _holders().get(change["type"])
    if held is None or change["operation"] not in _LOSING:
        return []
    verb = "deleted" if change["operation"] == "delete" else "replaced"
    return [f"{change['name']} is {verb}, and lost with it: {held}"]


@cache
def _holders() -> dict[str, str]:
    found: dict[str, str] = yaml.safe_load(Path(__file__).with_name("losses.yaml").read_text())
    return found

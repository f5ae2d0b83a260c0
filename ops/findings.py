"""What the policies said of a preview or an update, taken from the engine's events."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulumi.automation.events import EngineEvent

LEVELS = ("mandatory", "advisory", "exempted", "unknown")
"""How a finding counts: exempted is let pass for a while, unknown cannot be known before up."""
_EXEMPTED = " (exempted)"
_UNKNOWN = re.compile(
    r"can't run policy '.*' from policy pack '.*' during preview: (.*)", re.DOTALL
)


@dataclass(frozen=True)
class Finding:
    """`text` says what was found and how to mend it."""

    level: str
    rule: str
    resource: str
    type: str
    text: str

    def line(self) -> str:
        return f"{self.level} {self.rule}: {self.resource}: {self.text}"


def of(event: Any) -> Iterator[Finding]:
    """The findings of a policy event: one, or some where several values are unknown."""
    types, _, resource = (event.resource_urn or "").partition("::")[2].rpartition("::")
    type_ = types.rpartition("::")[2].rpartition("$")[2]
    rule = event.policy_name.removesuffix(_EXEMPTED)
    unknown = _UNKNOWN.fullmatch(event.message.strip())
    if unknown:
        for part in unknown[1].split("; "):
            name, _, text = part.partition(": ")
            yield Finding("unknown", rule, name, type_ if name == resource else "", text)
        return
    # The first line is the rule's description, which is the same for all that it finds.
    text = event.message.strip().partition("\n")[2] or event.message.strip()
    level = "exempted" if rule != event.policy_name else event.enforcement_level
    yield Finding(level, rule, resource, type_, text.removeprefix(f"{resource}: "))


class Findings:
    """Collects what the policies say while the engine works."""

    def __init__(self) -> None:
        self._found: dict[Finding, None] = {}

    def watch(self, event: EngineEvent) -> None:
        """Take one event of the engine."""
        if event.policy_event:
            # An update tells what its preview has told.
            self._found.update(dict.fromkeys(of(event.policy_event)))

    def all(self) -> list[Finding]:
        """The worst first."""
        return sorted(
            self._found, key=lambda item: (LEVELS.index(item.level), item.rule, item.resource)
        )

    def of(self, level: str) -> list[Finding]:
        return [finding for finding in self.all() if finding.level == level]

    def counts(self) -> dict[str, int]:
        counted = Counter(finding.level for finding in self._found)
        return {level: counted[level] for level in LEVELS}

    def summary(self) -> str:
        """In words; empty when the policies said nothing."""
        words = {
            "mandatory": "violated",
            "advisory": "advisory",
            "exempted": "exempted",
            "unknown": "not known before up",
        }
        counted = [f"{count} {words[level]}" for level, count in self.counts().items() if count]
        return f"policies: {', '.join(counted)}" if counted else ""

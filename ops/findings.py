"""What the policies said of a preview or an update, taken from the engine's events."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi.automation.events import EngineEvent, PolicyEvent

LEVELS = ("mandatory", "advisory", "exempted", "unknown")
"""How a finding counts: exempted is let pass for a while, unknown cannot be known before up."""
_EXEMPTED = re.compile(r"\. Exempt until \d{4}-\d\d-\d\d: ")
_UNKNOWN = "cannot be known before up, which asks again"


@dataclass(frozen=True)
class Finding:
    """`text` says what was found and how to mend it."""

    level: str
    rule: str
    resource: str
    type: str
    text: str


def of(event: PolicyEvent) -> Finding:
    """The finding of a policy event."""
    types, _, resource = (event.resource_urn or "").partition("::")[2].rpartition("::")
    type_ = types.rpartition("::")[2].rpartition("$")[2]
    # The first line is the rule's description, which is the same for all that it finds.
    text = event.message.strip().partition("\n")[2] or event.message.strip()
    level = event.enforcement_level
    if _EXEMPTED.search(text):
        level = "exempted"
    elif text.endswith(_UNKNOWN):
        level = "unknown"
    return Finding(level, event.policy_name, resource, type_, text.removeprefix(f"{resource}: "))


class Findings:
    """Collects what the policies say while the engine works."""

    def __init__(self) -> None:
        self._found: dict[Finding, None] = {}

    def watch(self, event: EngineEvent) -> None:
        """Take one event of the engine."""
        if event.policy_event:
            # An update tells what its preview has told.
            self._found[of(event.policy_event)] = None

    def all(self) -> list[Finding]:
        """The worst first."""
        return sorted(
            self._found, key=lambda item: (LEVELS.index(item.level), item.rule, item.resource)
        )

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

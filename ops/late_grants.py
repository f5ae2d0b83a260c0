"""Azure sees late what an update has just granted: wait, then go on where the update stopped.

A role assignment may be without effect for minutes, a new identity or role unknown for seconds.
Nothing tells when it is over, so what was refused is tried again. The engine keeps what it has
made: the next update begins with what is missing.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pulumi.automation.events import EngineEvent, OpType

PATIENCE = 600.0
"""Seconds after the last grant: "up to 10 minutes", Microsoft Learn, "Troubleshoot Azure RBAC"."""
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 60.0
"""Seconds; each pause is twice the one before."""
_AUTHORIZATION = "azure-native:authorization:"
_NAMED = {f"{_AUTHORIZATION}RoleDefinition": "roleDefinitionId"}
"""The input that tells which one it is, where that is not the principal's."""
_IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
_CHANGING = (OpType.CREATE, OpType.UPDATE, OpType.DELETE, OpType.CREATE_REPLACEMENT)


@cache
def _codes() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(
        Path(__file__).with_name("late_grants.yaml").read_text()
    )
    return found


@dataclass
class LateGrants:
    """Collects from the engine's events what was granted, and what was refused since."""

    _granted_at: float | None = None
    _ours: set[str] = field(default_factory=set)
    """Ids of the principals that got a role and of the roles that were defined, bare."""
    _refusals: list[str] = field(default_factory=list)
    _pause: float = FIRST_PAUSE

    def watch(self, event: EngineEvent) -> None:
        done, told = event.res_outputs_event, event.diagnostic_event
        if done and done.metadata.op in _CHANGING:
            kind = done.metadata.type
            if kind.startswith(_AUTHORIZATION) or kind == _IDENTITY:
                self._granted_at = time.monotonic()
                state = done.metadata.new or done.metadata.old
                given = ((state and state.inputs) or {}).get(_NAMED.get(kind, "principalId"))
                if isinstance(given, str):
                    self._ours.add(_bare(given))
        if told and told.severity == "error" and told.message.strip():
            self._refusals.append(told.message)

    def wait(self) -> tuple[float, str] | None:
        """How long to wait before the next update, in seconds, and for what to be seen.

        None where the update failed for another reason, or has waited long enough.
        """
        refusals, self._refusals = self._refusals, []
        late = {self._late(text) for text in refusals if not _says_nothing(text)}
        if self._granted_at is None or not late or None in late:
            return None
        if time.monotonic() - self._granted_at > PATIENCE:
            return None
        pause, self._pause = self._pause, min(self._pause * 2, LONGEST_PAUSE)
        return pause, " and ".join(sorted(str(one) for one in late))

    def _late(self, text: str) -> str | None:
        for code, row in _codes().items():
            if re.search(rf"\b{code}\b", text) and (
                not row.get("of_ours") or any(one in _bare(text) for one in self._ours)
            ):
                return str(row["late"])
        return None


def _bare(text: str) -> str:
    """As ids are compared: Azure's messages have some of them without hyphens."""
    return text.lower().replace("-", "")


def _says_nothing(text: str) -> bool:
    """The engine's own line at the end of an update that failed."""
    return text.strip().lower().endswith("update failed")

"""Faults that tests switch on: latency, throttling, server errors, failed provisioning, quota,
role assignments and principals that are seen late.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sandbox.arm.errors import ArmError

if TYPE_CHECKING:
    from sandbox.arm.ids import ResourceId
    from sandbox.arm.resource import Resource
    from sandbox.azure import Azure

SCHEMA = "CREATE TABLE IF NOT EXISTS faults (id INTEGER PRIMARY KEY, rule TEXT NOT NULL);"
KINDS = ("latency", "throttle", "error", "provisioning", "quota", "roles", "principals")


@dataclass
class Fault:
    """kind: one of `KINDS`. match: regex searched in ``METHOD host/path``, for `provisioning` and
    `quota` in the resource's id, for `roles` in the assignment's, for `principals` in that of the
    identity. times: how often, -1 for ever. seconds: latency, Retry-After, or how long an
    assignment or a principal is not seen. status: of an `error`.
    """

    kind: str
    match: str = ""
    times: int = -1
    seconds: float = 1.0
    status: int = 500


class Faults:
    """The rules in force; kept in the store, so that a restart does not forget them."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure
        azure.store.migrate(SCHEMA)
        self._load()

    def _load(self) -> None:
        rows = self.azure.store.connection.execute("SELECT id, rule FROM faults").fetchall()
        self.rules = {identifier: Fault(**json.loads(rule)) for identifier, rule in rows}

    def list(self) -> list[Fault]:
        return list(self.rules.values())

    def add(self, fault: Fault) -> None:
        """Raises 400 on an unknown kind or a malformed pattern."""
        if fault.kind not in KINDS:
            raise ArmError(400, "UnknownFault", f"A fault's kind is one of {', '.join(KINDS)}.")
        try:
            re.compile(fault.match)
        except re.error as error:
            raise ArmError(400, "BadPattern", f"'{fault.match}': {error}") from None
        with self.azure.store.transaction() as connection:
            connection.execute("INSERT INTO faults (rule) VALUES (?)", (json.dumps(asdict(fault)),))
        self._load()

    def clear(self) -> None:
        with self.azure.store.transaction() as connection:
            connection.execute("DELETE FROM faults")
        self._load()

    def _take(self, subject: str, kinds: tuple[str, ...]) -> Fault | None:
        for identifier, fault in self.rules.items():
            if fault.kind not in kinds or not re.search(fault.match, subject, re.IGNORECASE):
                continue
            if fault.times > 0:
                fault.times -= 1
                with self.azure.store.transaction() as connection:
                    connection.execute(
                        "UPDATE faults SET rule = ? WHERE id = ?",
                        (json.dumps(asdict(fault)), identifier),
                    )
                    if fault.times == 0:
                        connection.execute("DELETE FROM faults WHERE id = ?", (identifier,))
                if fault.times == 0:
                    del self.rules[identifier]
            return fault
        return None

    async def on_request(self, subject: str) -> None:
        """Delay or refuse a request; `subject` is ``METHOD host/path``."""
        if not self.rules:
            return
        slow = self._take(subject, ("latency",))
        if slow:
            await asyncio.sleep(slow.seconds)
        fault = self._take(subject, ("throttle", "error"))
        if fault is None:
            return
        if fault.kind == "throttle":
            refusal = ArmError(429, "TooManyRequests", "The request is being throttled.")
            refusal.headers["retry-after"] = str(max(1, round(fault.seconds)))
            raise refusal
        raise ArmError(fault.status, "InternalServerError", "A fault that was switched on.")

    def unseen_seconds(self, resource: ResourceId, kind: str = "roles") -> float:
        """How long after it was made a role assignment has no effect yet; with `principals`, how
        long the directory does not know the principal of an identity.
        """
        found = (
            fault.seconds
            for fault in self.rules.values()
            if fault.kind == kind and re.search(fault.match, str(resource), re.IGNORECASE)
        )
        return max(found, default=0.0)

    def fail_provisioning(self, resource: Resource) -> None:
        if not self.rules:
            return
        fault = self._take(str(resource.id), ("provisioning", "quota"))
        if fault is None:
            return
        if fault.kind == "quota":
            raise ArmError(
                409,
                "QuotaExceeded",
                f"The quota of the region '{resource.location}' does not allow "
                f"'{resource.name}'. Ask for more, or choose a smaller size.",
            )
        raise ArmError(500, "ProvisioningFailed", f"Provisioning '{resource.name}' failed.")

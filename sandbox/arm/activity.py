"""The activity log: who did what to which resource, and how it ended.

Reads are not in it, as in Azure. Kept for 90 days, as in Azure.
"""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import ArmError
from sandbox.arm.ids import ResourceId

if TYPE_CHECKING:
    from sandbox.azure import Azure

SCHEMA = """
CREATE TABLE IF NOT EXISTS activity (
  at REAL NOT NULL, resource TEXT NOT NULL, scope TEXT NOT NULL, action TEXT NOT NULL,
  caller TEXT NOT NULL, status TEXT NOT NULL, code INTEGER NOT NULL, correlation TEXT NOT NULL,
  message TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS activity_at ON activity (at);
"""
KEPT = timedelta(days=90)
_CONDITION = re.compile(r"(\w+)\s+(eq|ge|le)\s+'([^']*)'", re.IGNORECASE)


class Activity:
    """Writes and reads the log."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure
        azure.store.migrate(SCHEMA)

    def record(
        self,
        at: ResourceId,
        action: str,
        *,
        caller: str,
        status: str,
        code: int,
        correlation: str,
        message: str = "",
    ) -> None:
        """One event; status: ``Accepted``, ``Succeeded`` or ``Failed``; code: of HTTP."""
        now = self.azure.clock.time()
        group = at.group or ""
        row = (now, str(at), group.lower(), action, caller, status, code, correlation, message)
        self.azure.store.connection.execute("INSERT INTO activity VALUES (?,?,?,?,?,?,?,?,?)", row)

    def expire(self) -> None:
        until = (self.azure.clock.now() - KEPT).timestamp()
        self.azure.store.connection.execute("DELETE FROM activity WHERE at < ?", (until,))

    def find(self, subscription: ResourceId, odata: str) -> list[dict[str, Any]]:
        """Events in a subscription, newest first. Raises 400 for a filter that the service does
        not know.
        """
        clauses, values = ["lower(resource) || '/' LIKE ? || '/%'"], [subscription.key]
        for name, operator, text in _CONDITION.findall(odata):
            clause, value = _clause(name.lower(), operator.lower(), text)
            clauses.append(clause)
            values.append(value)
        rows = self.azure.store.connection.execute(
            f"SELECT rowid, * FROM activity WHERE {' AND '.join(clauses)} "  # noqa: S608
            "ORDER BY at DESC, rowid DESC",
            values,
        )
        return [self._event(row) for row in rows]

    def _event(self, row: tuple[Any, ...]) -> dict[str, Any]:
        number, at, resource, _group, action, caller, status, code, correlation, message = row
        target = ResourceId.parse(resource)
        event: dict[str, Any] = {
            "eventDataId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{number}/{resource}")),
            "eventTimestamp": datetime.fromtimestamp(at, UTC).isoformat(),
            "correlationId": correlation,
            "operationId": correlation,
            "caller": caller,
            "category": _word("Administrative"),
            "level": "Error" if status == "Failed" else "Informational",
            "operationName": _word(action),
            "status": _word(status),
            "subStatus": _word(str(code) if code else ""),
            "resourceId": resource,
            "resourceGroupName": target.group or "",
            "resourceProviderName": _word(target.namespace),
            "resourceType": _word(target.type),
            "subscriptionId": target.subscription,
            "authorization": {"action": action, "scope": resource},
            "tenantId": self.azure.identity.tenant_id,
        }
        if message:
            event["properties"] = {"statusMessage": message}
        return event


def _word(value: str) -> dict[str, str]:
    return {"value": value, "localizedValue": value}


def _clause(name: str, operator: str, text: str) -> tuple[str, Any]:
    if name == "eventtimestamp" and operator in ("ge", "le"):
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            raise ArmError(400, "BadRequest", f"'{text}' in $filter is not a time.") from None
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        return f"at {'>=' if operator == 'ge' else '<='} ?", when.timestamp()
    if operator == "eq" and name == "resourcegroupname":
        return "scope = ?", text.lower()
    if operator == "eq" and name in ("resourceuri", "resourceid"):
        return "lower(resource) = ?", text.lower()
    if operator == "eq" and name == "resourceprovider":
        return "lower(resource) LIKE '%/providers/' || ? || '/%'", text.lower()
    if operator == "eq" and name == "correlationid":
        return "correlation = ?", text
    raise ArmError(
        400,
        "BadRequest",
        f"$filter cannot ask for '{name} {operator}'. It may ask for eventTimestamp (ge, le), "
        "resourceGroupName, resourceUri, resourceProvider and correlationId (eq).",
    )

"""Events on their way: stored with the change that they tell of, so that a kill loses none.

An event is stored once for each subscription that wants it. Delivery is at least once: a sandbox
that is killed between delivering and noting it delivers again.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource

if TYPE_CHECKING:
    from sandbox.azure import Azure

SYSTEM_TOPICS = "Microsoft.EventGrid/systemTopics"
SUBSCRIPTIONS = f"{SYSTEM_TOPICS}/eventSubscriptions"
EXTENSIONS = "Microsoft.EventGrid/eventSubscriptions"
SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
  id INTEGER PRIMARY KEY, subscription TEXT NOT NULL, event TEXT NOT NULL,
  attempts INTEGER NOT NULL, due REAL NOT NULL, published REAL NOT NULL, outcome TEXT NOT NULL);
"""


@dataclass
class Event:
    """`type` and `subject` as subscribers filter by them; `data` depends on the type."""

    type: str
    subject: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass
class Parcel:
    """An event for one subscription. attempts: failed ones; due, published: seconds since 1970."""

    id: int
    subscription: str
    event: dict[str, Any]
    attempts: int
    due: float
    published: float
    outcome: str


class Outbox:
    """The rows, and a bell that rings when there is one more."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure
        self.bell = asyncio.Event()
        azure.store.migrate(SCHEMA)

    def add(self, source: ResourceId, event: Event) -> None:
        """Store the event for every subscription to the source that wants it."""
        now = self.azure.clock.now()
        wanted = [item for item in self._subscriptions(source) if wants(item, event)]
        if not wanted:
            return
        with self.azure.store.transaction() as connection:
            for subscription in wanted:
                body = json.dumps(_body(subscription, source, event, now))
                connection.execute(
                    "INSERT INTO events (subscription, event, attempts, due, published, outcome) "
                    "VALUES (?, ?, 0, ?, ?, '')",
                    (str(subscription.id), body, now.timestamp(), now.timestamp()),
                )
        self.bell.set()

    def all(self) -> list[Parcel]:
        rows = self.azure.store.connection.execute(
            "SELECT id, subscription, event, attempts, due, published, outcome FROM events "
            "ORDER BY id"
        )
        return [Parcel(row[0], row[1], json.loads(row[2]), *row[3:]) for row in rows]

    def done(self, parcel: Parcel) -> None:
        with self.azure.store.transaction() as connection:
            connection.execute("DELETE FROM events WHERE id = ?", (parcel.id,))

    def again(self, parcel: Parcel, outcome: str, due: float) -> None:
        with self.azure.store.transaction() as connection:
            connection.execute(
                "UPDATE events SET attempts = attempts + 1, outcome = ?, due = ? WHERE id = ?",
                (outcome, due, parcel.id),
            )

    def _subscriptions(self, source: ResourceId) -> list[Resource]:
        resources = self.azure.resources
        found = list(resources.children(source, EXTENSIONS))
        for topic in resources.list(SYSTEM_TOPICS):
            if str(topic.properties.get("source") or "").lower() == source.key:
                found += resources.children(topic.id, SUBSCRIPTIONS)
        return found


def wants(subscription: Resource, event: Event) -> bool:
    """Whether the subscription's filter lets the event through."""
    wanted: Mapping[str, Any] = subscription.properties.get("filter") or {}
    types = wanted.get("includedEventTypes")
    if types and event.type not in types:
        return False
    first, last = wanted.get("subjectBeginsWith") or "", wanted.get("subjectEndsWith") or ""
    subject = event.subject
    if not wanted.get("isSubjectCaseSensitive"):
        subject, first, last = subject.lower(), first.lower(), last.lower()
    return subject.startswith(first) and subject.endswith(last)


def _body(
    subscription: Resource, source: ResourceId, event: Event, now: datetime
) -> dict[str, Any]:
    """As it is delivered, in the schema that the subscription asks for."""
    when = now.isoformat().replace("+00:00", "Z")
    body = {"id": str(uuid.uuid4()), "subject": event.subject, "data": event.data}
    if subscription.properties.get("eventDeliverySchema") == "CloudEventSchemaV1_0":
        return {
            "source": str(source),
            "type": event.type,
            "time": when,
            "specversion": "1.0",
            **body,
        }
    return {
        "topic": str(source),
        "eventType": event.type,
        "eventTime": when,
        "dataVersion": "",
        "metadataVersion": "1",
        **body,
    }

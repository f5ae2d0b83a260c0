"""Takes events to storage queues, tries again what fails, and puts what stays undelivered aside.

Other destinations (web hooks, event hubs, …) lie outside of this machine: what is for them is
dropped, with a line in the log. Sources: "Event Grid message delivery and retry", Microsoft Learn.
"""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource
from sandbox.blob import containers
from sandbox.blob.rest import StorageError
from sandbox.events.outbox import Outbox, Parcel
from sandbox.ml.blobs import Blobs
from sandbox.ml.locations import Location
from sandbox.resources.storage import ACCOUNTS

if TYPE_CHECKING:
    from sandbox.azure import Azure

PAUSES = (10, 30, 60, 300, 600, 1800, 3600, 10800, 21600, 43200)
"""Seconds before the second, third, … attempt; the last one repeats."""
ATTEMPTS, MINUTES = 30, 1440
"""Of a subscription that does not say."""
FOR_EVER = -1
LOOK_SECONDS = 60.0
SEND = "Microsoft.Storage/storageAccounts/queueServices/queues/messages/add/action"
WRITE = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"


class DeliveryError(Exception):
    """Why an event did not arrive, in Event Grid's words."""


async def run(azure: Azure, outbox: Outbox) -> None:
    """Deliver what is due, for ever."""
    while True:
        outbox.bell.clear()
        parcels = outbox.all()
        for parcel in parcels:
            if parcel.due <= azure.clock.time():
                await _handle(azure, outbox, parcel)
        left = [parcel.due for parcel in outbox.all()]
        await _until(azure, outbox, min(left, default=azure.clock.time() + LOOK_SECONDS))


async def _until(azure: Azure, outbox: Outbox, when: float) -> None:
    """Return when the bell rings, or at the time given."""
    waits = {
        asyncio.ensure_future(outbox.bell.wait()),
        asyncio.ensure_future(azure.clock.sleep_until(datetime.fromtimestamp(when, UTC))),
    }
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def _handle(azure: Azure, outbox: Outbox, parcel: Parcel) -> None:
    subscription = azure.resources.get(parcel.subscription)
    if subscription is None:
        outbox.done(parcel)
        return
    try:
        await _deliver(azure, subscription, parcel)
    except (DeliveryError, StorageError) as error:
        await _failed(azure, outbox, subscription, parcel, error)
    else:
        outbox.done(parcel)


async def _deliver(azure: Azure, subscription: Resource, parcel: Parcel) -> None:
    destination, principal = _with_identity(azure, subscription, "deliveryWithResourceIdentity")
    destination = destination or subscription.properties.get("destination") or {}
    kind, place = destination.get("endpointType"), destination.get("properties") or {}
    if kind != "StorageQueue":
        azure.log.info("%s: nothing is sent to a %s from here", subscription.id, kind)
        return
    account = _account(azure, place["resourceId"])
    queue = str(place["queueName"])
    at = account.id.child("queueServices", "default").child("queues", queue)
    if principal and not azure.authorization.allows(principal, at, SEND, data=True):
        raise DeliveryError(f"Unauthorized: the topic's identity may not send to '{queue}'")
    text = base64.b64encode(json.dumps(parcel.event).encode()).decode()
    seconds = int(place.get("queueMessageTimeToLiveInSeconds") or FOR_EVER)
    await containers.put_message(azure, account.name, queue, text, seconds)


def _with_identity(
    azure: Azure, subscription: Resource, path: str
) -> tuple[dict[str, Any], str | None]:
    """Where to, and the principal that goes there; without an identity, Event Grid itself does."""
    part = subscription.properties.get(path) or {}
    place = part.get("destination") or part.get("deadLetterDestination") or {}
    identity = part.get("identity") or {}
    parent = subscription.id.parent
    topic = azure.resources.get(parent) if parent else None
    if not place or not identity or topic is None:
        return place, None
    if str(identity.get("type")).lower() == "systemassigned":
        return place, str(topic.private.get("principal_id") or "nobody")
    assigned = azure.resources.get(str(identity.get("userAssignedIdentity")))
    return place, str(assigned.properties["principalId"]) if assigned else "nobody"


def _account(azure: Azure, identifier: str) -> Resource:
    account = azure.resources.get(ResourceId.parse(identifier))
    if account is None or account.type.lower() != ACCOUNTS.lower():
        raise DeliveryError(f"NotFound: there is no storage account '{identifier}'")
    return account


async def _failed(
    azure: Azure, outbox: Outbox, subscription: Resource, parcel: Parcel, error: Exception
) -> None:
    policy = subscription.properties.get("retryPolicy") or {}
    attempts = parcel.attempts + 1
    now = azure.clock.time()
    azure.log.warning("%s: delivery %d failed: %s", subscription.id, attempts, error)
    late = now - parcel.published > int(policy.get("eventTimeToLiveInMinutes") or MINUTES) * 60
    many = attempts >= int(policy.get("maxDeliveryAttempts") or ATTEMPTS)
    if not (late or many):
        outbox.again(parcel, str(error), now + PAUSES[min(attempts, len(PAUSES)) - 1])
        return
    reason = "TimeToLiveExceeded" if late else "MaxDeliveryAttemptsExceeded"
    try:
        await _put_aside(azure, subscription, parcel, attempts, str(error), reason)
    except (DeliveryError, StorageError) as failure:
        azure.log.warning("%s: an event is lost: %s", subscription.id, failure)
    outbox.done(parcel)


async def _put_aside(
    azure: Azure,
    subscription: Resource,
    parcel: Parcel,
    attempts: int,
    outcome: str,
    reason: str,
) -> None:
    """Into the dead-letter container, where the subscription has one."""
    place, principal = _with_identity(azure, subscription, "deadLetterWithResourceIdentity")
    place = place or subscription.properties.get("deadLetterDestination") or {}
    if not place:
        return
    account = _account(azure, place["properties"]["resourceId"])
    container = str(place["properties"]["blobContainerName"])
    at = account.id.child("blobServices", "default").child("containers", container)
    if principal and not azure.authorization.allows(principal, at, WRITE, data=True):
        raise DeliveryError(f"Unauthorized: the topic's identity may not write to '{container}'")
    now = azure.clock.now()
    letter = parcel.event | {
        "deadLetterReason": reason,
        "deliveryAttempts": attempts,
        "lastDeliveryOutcome": outcome.split(":")[0],
        "publishTime": datetime.fromtimestamp(parcel.published, UTC).isoformat(),
        "lastDeliveryAttemptTime": now.isoformat(),
    }
    folder = "/".join(name.upper() for name in subscription.id.names)
    path = f"{folder}/{now:%Y}/{now.month}/{now.day}/{now.hour}/{parcel.event['id']}.json"
    content = json.dumps([letter]).encode()
    await Blobs(azure).write(Location(account.name, container, path), content)

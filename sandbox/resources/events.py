"""Event Grid: topics, the system topics of a resource's own events, and who subscribes to them."""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sandbox.arm.errors import ArmError, invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource
from sandbox.arm.types import Action, Body, Change, ResourceType
from sandbox.arm.writes import squeeze
from sandbox.events import delivery, sources
from sandbox.events.outbox import EXTENSIONS, SUBSCRIPTIONS, SYSTEM_TOPICS, Outbox
from sandbox.resources.storage import ACCOUNTS

if TYPE_CHECKING:
    from sandbox.azure import Azure

TOPICS = "Microsoft.EventGrid/topics"
# "System topics in Azure Event Grid", Microsoft Learn: the sources that a sandbox can have.
TOPIC_TYPES = {
    sources.WORKSPACES.lower(): "Microsoft.MachineLearningServices.Workspaces",
    ACCOUNTS.lower(): "Microsoft.Storage.StorageAccounts",
    "microsoft.keyvault/vaults": "Microsoft.KeyVault.vaults",
    "microsoft.containerregistry/registries": "Microsoft.ContainerRegistry.Registries",
    "microsoft.resources/resourcegroups": "Microsoft.Resources.ResourceGroups",
    "microsoft.resources/subscriptions": "Microsoft.Resources.Subscriptions",
}
_PLACES = ("destination", "deadLetterDestination")
_WITH_IDENTITY = ("deliveryWithResourceIdentity", "deadLetterWithResourceIdentity")


def _prepare_system_topic(azure: Azure, change: Change) -> None:
    topic, properties = change.resource, change.resource.properties
    source, kind = properties.get("source"), str(properties.get("topicType") or "")
    if not source or not kind:
        raise invalid("A system topic needs 'source' and 'topicType'.", "properties.source")
    at = ResourceId.parse(str(source))
    expected = TOPIC_TYPES.get(at.type.lower(), "")
    if kind.lower() != expected.lower():
        raise invalid(
            f"The topic type of '{at.type}' is '{expected or 'none'}', not '{kind}'.",
            "properties.topicType",
            code="InvalidRequest",
        )
    found = azure.resources.get(at)
    wanted = found.location if found and found.location else "global"
    if squeeze(topic.location) != squeeze(wanted):
        raise invalid(
            f"A system topic lies where its source does: in '{wanted}'.",
            "location",
            code="InvalidRequest",
        )
    for other in azure.resources.list(SYSTEM_TOPICS):
        taken = str(other.properties.get("source")).lower() == at.key
        if taken and other.id.key != topic.id.key:
            raise invalid(
                f"Only one system topic is allowed per source: '{source}' has '{other.name}'.",
                "properties.source",
                code="InvalidRequest",
            )
    topic.private.setdefault("metric", str(uuid.uuid4()))
    properties["metricResourceId"] = topic.private["metric"]


def _prepare_topic(_azure: Azure, change: Change) -> None:
    topic, properties = change.resource, change.resource.properties
    topic.private.setdefault("keys", [secrets.token_urlsafe(32) for _ in range(2)])
    properties.setdefault("inputSchema", "EventGridSchema")
    properties.setdefault("publicNetworkAccess", "Enabled")
    properties.setdefault("disableLocalAuth", False)
    host = f"{topic.name}.{squeeze(topic.location)}-1.eventgrid.azure.net"
    properties["endpoint"] = f"https://{host}/api/events"


def _list_keys(_azure: Azure, topic: Resource, _request: Request) -> dict[str, Any]:
    return dict(zip(("key1", "key2"), topic.private["keys"], strict=True))


def _prepare_subscription(azure: Azure, change: Change) -> None:
    subscription, properties = change.resource, change.resource.properties
    parent = subscription.id.parent
    topic = azure.resources.get(parent) if parent else None
    places = [(name, properties.get(name)) for name in _PLACES]
    for name in _WITH_IDENTITY:
        part = properties.get(name)
        if not part:
            continue
        _check_identity(topic, part.get("identity") or {}, f"properties.{name}.identity")
        inner = "destination" if "destination" in part else "deadLetterDestination"
        places.append((f"{name}.{inner}", part.get(inner)))
    given = dict(places)
    if not given["destination"] and not given.get("deliveryWithResourceIdentity.destination"):
        raise invalid("An event subscription needs a destination.", "properties.destination")
    for name, place in places:
        if place:
            _check_place(azure, place, f"properties.{name}")
    wanted = properties["filter"] = properties.get("filter") or {}
    _check_types(topic, wanted)
    wanted.setdefault("subjectBeginsWith", "")
    wanted.setdefault("subjectEndsWith", "")
    properties["eventDeliverySchema"] = properties.get("eventDeliverySchema") or "EventGridSchema"
    properties["labels"] = properties.get("labels") or []
    policy = properties["retryPolicy"] = properties.get("retryPolicy") or {}
    policy.setdefault("maxDeliveryAttempts", delivery.ATTEMPTS)
    policy.setdefault("eventTimeToLiveInMinutes", delivery.MINUTES)
    properties["topic"] = str(topic.properties.get("source") or topic.id) if topic else str(parent)


def _check_identity(topic: Resource | None, identity: Body, target: str) -> None:
    """Raises 400 where the topic has not the identity that a delivery is to use."""
    own = (topic.body.get("identity") or {}) if topic else {}
    kind = str(identity.get("type") or "").lower()
    if kind == "systemassigned":
        fits = "systemassigned" in str(own.get("type") or "").lower()
    else:
        assigned = {key.lower() for key in own.get("userAssignedIdentities") or {}}
        fits = str(identity.get("userAssignedIdentity") or "").lower() in assigned
    if not fits:
        raise ArmError(
            400, "InvalidRequest", "The topic has no such identity: give it one first.", target
        )


def _check_place(azure: Azure, place: Body, target: str) -> None:
    """Raises 400 for a destination that is not there; those outside of storage are taken."""
    identifier = (place.get("properties") or {}).get("resourceId")
    if not identifier or place.get("endpointType") not in ("StorageQueue", "StorageBlob"):
        return
    account = azure.resources.get(ResourceId.parse(str(identifier)))
    if account is None or account.type.lower() != ACCOUNTS.lower():
        raise invalid(
            f"The destination '{identifier}' was not found.",
            f"{target}.properties.resourceId",
            code="InvalidResourceReference",
        )


def _check_types(topic: Resource | None, wanted: Body) -> None:
    """Raises 400 for an event type that a workspace has not; others' types are not known here."""
    if topic is None:
        return
    source = ResourceId.parse(str(topic.properties.get("source") or topic.id))
    if source.type.lower() != sources.WORKSPACES.lower():
        return
    known = [sources.PREFIX + name for name in sources.TYPES]
    if not wanted.get("includedEventTypes"):
        wanted["includedEventTypes"] = known
    for name in wanted["includedEventTypes"]:
        if name not in known:
            raise invalid(
                f"'{name}' is no event of '{source.name}': they are {', '.join(known)}.",
                "properties.filter.includedEventTypes",
                code="InvalidRequest",
            )


def watch(azure: Azure) -> None:
    """Have what happens in workspaces noticed."""
    sources.watch(azure, _outbox(azure))


async def run(azure: Azure) -> None:
    """Deliver what was noticed."""
    await delivery.run(azure, _outbox(azure))


_outboxes: WeakKeyDictionary[Any, Outbox] = WeakKeyDictionary()


def _outbox(azure: Azure) -> Outbox:
    """The one of this process."""
    return _outboxes.setdefault(azure, Outbox(azure))


TYPES = [
    ResourceType(
        SYSTEM_TOPICS,
        tracked=True,
        needs=("properties.source",),
        prepare=_prepare_system_topic,
    ),
    ResourceType(SUBSCRIPTIONS, update_status=201, prepare=_prepare_subscription),
    ResourceType(
        TOPICS,
        tracked=True,
        update_status=201,
        delete_status=204,
        prepare=_prepare_topic,
        actions={"listKeys": Action(_list_keys)},
    ),
    ResourceType(EXTENSIONS, extension=True, update_status=201, prepare=_prepare_subscription),
]

"""Event Grid's topics and subscriptions, as ARM keeps them."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.eventgrid import models

from tests.sandbox.conftest import Place, RunningSandbox, make_workspace
from tests.sandbox.resources.conftest import Clients, code

TOPIC_TYPE = "Microsoft.MachineLearningServices.Workspaces"


@pytest.fixture
def place(sandbox: RunningSandbox, group: str) -> Place:
    return make_workspace(sandbox, group)


def topic(place: Place, **changes: Any) -> models.SystemTopic:
    wanted = {"location": "eastus", "source": place.id, "topic_type": TOPIC_TYPE, **changes}
    return models.SystemTopic(**wanted)


def account(place: Place) -> str:
    group = place.id.split("/providers/")[0]
    return f"{group}/providers/Microsoft.Storage/storageAccounts/{place.storage}"


def test_a_system_topic_is_made_once_for_a_source(clients: Clients, place: Place) -> None:
    topics = clients.events.system_topics
    made = topics.begin_create_or_update(place.group, "evgt-ml", topic(place)).result()
    assert made.provisioning_state == "Succeeded"
    assert made.metric_resource_id
    with pytest.raises(HttpResponseError, match="Only one system topic") as refused:
        topics.begin_create_or_update(place.group, "evgt-2", topic(place)).result()
    assert code(refused) == (400, "InvalidRequest")
    topics.begin_delete(place.group, "evgt-ml").result()
    topics.begin_create_or_update(place.group, "evgt-2", topic(place)).result()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"topic_type": "Microsoft.Storage.StorageAccounts"}, "The topic type of"),
        ({"location": "westeurope"}, "in 'eastus'"),
        ({"source": None}, "needs 'source'"),
    ],
)
def test_a_system_topic_fits_its_source(
    clients: Clients, place: Place, changes: dict[str, Any], expected: str
) -> None:
    wanted = topic(place, **changes)
    with pytest.raises(HttpResponseError, match=expected):
        clients.events.system_topics.begin_create_or_update(place.group, "t-x", wanted).result()


def test_a_subscription_is_filled_in(clients: Clients, place: Place) -> None:
    clients.events.system_topics.begin_create_or_update(
        place.group, "evgt-ml", topic(place)
    ).result()
    subscriptions = clients.events.system_topic_event_subscriptions
    destination = models.StorageQueueEventSubscriptionDestination(
        resource_id=account(place), queue_name="events"
    )
    wanted = models.EventSubscription(destination=destination)
    made = subscriptions.begin_create_or_update(place.group, "evgt-ml", "all", wanted).result()
    assert made.event_delivery_schema == "EventGridSchema"
    assert made.retry_policy.max_delivery_attempts == 30
    assert len(made.filter.included_event_types) == 5
    assert made.topic == place.id
    subscriptions.begin_create_or_update(place.group, "evgt-ml", "all", wanted).result()
    found = subscriptions.list_by_system_topic(place.group, "evgt-ml")
    assert [item.name for item in found] == ["all"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("no destination", "needs a destination"),
        ("no account", "was not found"),
        ("no identity", "has no such identity"),
        ("no such event", "is no event of"),
    ],
)
def test_a_subscription_that_cannot_work_is_refused(
    clients: Clients, place: Place, change: str, expected: str
) -> None:
    clients.events.system_topics.begin_create_or_update(
        place.group, "evgt-ml", topic(place)
    ).result()
    queue = models.StorageQueueEventSubscriptionDestination(
        resource_id=account(place) + ("x" if change == "no account" else ""), queue_name="events"
    )
    wanted = models.EventSubscription(destination=queue)
    if change == "no destination":
        wanted.destination = None
    elif change == "no identity":
        wanted.destination = None
        wanted.delivery_with_resource_identity = models.DeliveryWithResourceIdentity(
            destination=queue, identity=models.EventSubscriptionIdentity(type="SystemAssigned")
        )
    elif change == "no such event":
        wanted.filter = models.EventSubscriptionFilter(included_event_types=["Party"])
    subscriptions = clients.events.system_topic_event_subscriptions
    with pytest.raises(HttpResponseError, match=expected):
        subscriptions.begin_create_or_update(place.group, "evgt-ml", "all", wanted).result()


def test_a_custom_topic_has_keys(clients: Clients, group: str, unique: str) -> None:
    topics = clients.events.topics
    name = f"evgt-{unique}"
    made = topics.begin_create_or_update(group, name, models.Topic(location="eastus")).result()
    assert made.endpoint == f"https://{name}.eastus-1.eventgrid.azure.net/api/events"
    keys = topics.list_shared_access_keys(group, name)
    assert keys.key1 != keys.key2
    topics.begin_delete(group, name).result()

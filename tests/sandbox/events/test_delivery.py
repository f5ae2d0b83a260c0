"""What happens in a workspace reaches the queue of who subscribed to it, or is put aside."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml.entities import Job, Model
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.authorization.v2022_04_01.models import RoleAssignmentCreateParameters
from azure.mgmt.eventgrid import EventGridManagementClient, models
from azure.storage.blob import ContainerClient
from azure.storage.queue import QueueClient

from tests.sandbox.conftest import Place, RunningSandbox, wait_until
from tests.sandbox.jobs.conftest import bare, cluster, ended, submit

__all__ = ["bare", "cluster", "submit"]

PREFIX = "Microsoft.MachineLearningServices."
SENDER = "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a"
BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
TOPIC = "evgt-ml"


@dataclass
class Events:
    """The workspace's system topic, and queues to which it sends."""

    sandbox: RunningSandbox
    place: Place
    client: EventGridManagementClient
    principal: str

    @property
    def account(self) -> str:
        group = self.place.id.split("/providers/")[0]
        return f"{group}/providers/Microsoft.Storage/storageAccounts/{self.place.storage}"

    def grant(self, role: str) -> None:
        root = f"/subscriptions/{self.place.subscription}/providers/Microsoft.Authorization"
        AuthorizationManagementClient(
            self.sandbox.credential(), self.place.subscription
        ).role_assignments.create(
            self.account,
            str(uuid.uuid4()),
            RoleAssignmentCreateParameters(
                role_definition_id=f"{root}/roleDefinitions/{role}",
                principal_id=self.principal,
                principal_type="ServicePrincipal",
            ),
        )

    def subscribe(self, queue: str, **changes: Any) -> QueueClient:
        """Send to a queue with the topic's identity."""
        own = models.EventSubscriptionIdentity(type="SystemAssigned")
        wanted = models.EventSubscription(
            delivery_with_resource_identity=models.DeliveryWithResourceIdentity(
                identity=own,
                destination=models.StorageQueueEventSubscriptionDestination(
                    resource_id=self.account, queue_name=queue
                ),
            ),
            dead_letter_with_resource_identity=models.DeadLetterWithResourceIdentity(
                identity=own,
                dead_letter_destination=models.StorageBlobDeadLetterDestination(
                    resource_id=self.account, blob_container_name="dead-letters"
                ),
            ),
            **changes,
        )
        self.client.system_topic_event_subscriptions.begin_create_or_update(
            self.place.group, TOPIC, queue, wanted
        ).result()
        address = f"https://{self.place.storage}.queue.core.windows.net"
        return QueueClient(address, queue, self.sandbox.credential())


@pytest.fixture(scope="module")
def events(sandbox: RunningSandbox, workspace: Place) -> Iterator[Events]:
    client = EventGridManagementClient(sandbox.credential(), workspace.subscription)
    topic = client.system_topics.begin_create_or_update(
        workspace.group,
        TOPIC,
        models.SystemTopic(
            location="eastus",
            source=workspace.id,
            topic_type="Microsoft.MachineLearningServices.Workspaces",
            identity=models.IdentityInfo(type="SystemAssigned"),
        ),
    ).result()
    yield Events(sandbox, workspace, client, topic.identity.principal_id)
    client.system_topics.begin_delete(workspace.group, TOPIC).result()


@pytest.fixture(scope="module")
def granted(events: Events) -> Events:
    events.grant(SENDER)
    events.grant(BLOB_CONTRIBUTOR)
    return events


def received(queue: QueueClient) -> list[dict[str, Any]]:
    """What is in the queue, taken out of it: what is only read comes again after 30 s."""
    found = []
    for message in queue.receive_messages():
        found.append(json.loads(base64.b64decode(message.content)))
        queue.delete_message(message)
    return found


def one(queue: QueueClient) -> dict[str, Any]:
    message: dict[str, Any]
    (message,) = wait_until(lambda: received(queue), what="an event arrives")
    return message


def register(ml: Any, folder: Path, name: str) -> Model:
    (folder / "model.txt").write_text("weights")
    return ml.models.create_or_update(Model(name=name, path=folder / "model.txt", tags={"a": "b"}))


def only(*types: str, **filters: Any) -> models.EventSubscriptionFilter:
    return models.EventSubscriptionFilter(
        included_event_types=[PREFIX + name for name in types], **filters
    )


def test_a_registered_model_reaches_a_queue(granted: Events, ml: Any, tmp_path: Path) -> None:
    queue = granted.subscribe("models", filter=only("ModelRegistered"))
    queue.create_queue()
    model = register(ml, tmp_path, "churn")
    event = one(queue)
    assert event["eventType"] == f"{PREFIX}ModelRegistered"
    assert event["topic"] == granted.place.id
    assert event["subject"] == f"models/churn:{model.version}"
    assert event["data"]["modelTags"] == {"a": "b"}


def test_a_job_tells_how_it_ended(granted: Events, ml: Any, submit: Callable[..., Job]) -> None:
    queue = granted.subscribe(
        "jobs",
        filter=only("RunCompleted", "RunStatusChanged"),
        event_delivery_schema="CloudEventSchemaV1_0",
    )
    queue.create_queue()
    good = ended(ml, submit("true", experiment_name="rides"))
    event = one(queue)
    assert event["type"] == f"{PREFIX}RunCompleted"
    assert event["source"] == granted.place.id
    assert event["specversion"] == "1.0"
    assert event["subject"] == f"experiments/rides/runs/{good.name}"
    bad = ended(ml, submit("false", experiment_name="rides"))
    event = one(queue)
    assert event["type"] == f"{PREFIX}RunStatusChanged"
    assert event["data"]["runId"] == bad.name
    assert event["data"]["runStatus"] == "Failed"


def test_a_filter_by_subject_holds_the_others_back(
    granted: Events, ml: Any, tmp_path: Path
) -> None:
    queue = granted.subscribe(
        "some", filter=only("ModelRegistered", subject_begins_with="models/wanted")
    )
    queue.create_queue()
    register(ml, tmp_path, "unwanted")
    register(ml, tmp_path, "wanted")
    assert one(queue)["data"]["modelName"] == "wanted"


def test_what_cannot_be_delivered_is_tried_again(granted: Events, ml: Any, tmp_path: Path) -> None:
    queue = granted.subscribe("late", filter=only("ModelRegistered"))
    register(ml, tmp_path, "patience")
    queue.create_queue()
    granted.sandbox.advance(timedelta(seconds=11))
    assert one(queue)["data"]["modelName"] == "patience"


def test_what_stays_undelivered_is_put_aside(granted: Events, ml: Any, tmp_path: Path) -> None:
    container = ContainerClient(
        f"https://{granted.place.storage}.blob.core.windows.net",
        "dead-letters",
        granted.sandbox.credential(),
    )
    container.create_container()
    granted.subscribe(
        "nowhere",
        filter=only("ModelRegistered"),
        retry_policy=models.RetryPolicy(max_delivery_attempts=1),
    )
    register(ml, tmp_path, "lost")
    (name,) = wait_until(lambda: list(container.list_blob_names()), what="a dead letter")
    assert name.startswith(f"{TOPIC.upper()}/NOWHERE/")
    (letter,) = json.loads(container.download_blob(name).readall())
    assert letter["data"]["modelName"] == "lost"
    assert letter["deadLetterReason"] == "MaxDeliveryAttemptsExceeded"

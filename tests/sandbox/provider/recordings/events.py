"""Topics, and who is told of their events."""

from __future__ import annotations

from typing import Any

from azure.mgmt.eventgrid import EventGridManagementClient
from azure.mgmt.eventgrid import models as event_models
from pulumi_azure_native import eventgrid

from tests.sandbox.provider.recordings.recorder import GROUP, STORAGE, Pair

WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/mlw"
TOPIC: dict[str, Any] = {
    "location": "eastus",
    "source": WORKSPACE,
    "topic_type": "Microsoft.MachineLearningServices.Workspaces",
}
FILTER: dict[str, Any] = {"included_event_types": ["a.b"], "subject_begins_with": "models/"}
RETRY: dict[str, Any] = {"max_delivery_attempts": 30, "event_time_to_live_in_minutes": 1440}
QUEUE: dict[str, Any] = {
    "resource_id": STORAGE,
    "queue_name": "jobs",
    "queue_message_time_to_live_in_seconds": 60,
}
LETTERS: dict[str, Any] = {"resource_id": STORAGE, "blob_container_name": "letters"}

PAIRS: dict[str, Pair] = {
    "system topic": Pair(
        "eventgrid:SystemTopic",
        eventgrid.SystemTopicArgs(
            resource_group_name="rg",
            system_topic_name="egst",
            **TOPIC,
            identity=eventgrid.IdentityInfoArgs(type="SystemAssigned"),
        ),
        EventGridManagementClient,
        lambda c: c.system_topics.begin_create_or_update(
            "rg",
            "egst",
            event_models.SystemTopic(
                **TOPIC,
                identity=event_models.IdentityInfo(type="SystemAssigned"),
            ),
        ),
    ),
    "queue": Pair(
        "eventgrid:SystemTopicEventSubscription",
        eventgrid.SystemTopicEventSubscriptionArgs(
            resource_group_name="rg",
            system_topic_name="egst",
            event_subscription_name="jobs",
            event_delivery_schema="CloudEventSchemaV1_0",
            filter=eventgrid.EventSubscriptionFilterArgs(**FILTER),
            retry_policy=eventgrid.RetryPolicyArgs(**RETRY),
            delivery_with_resource_identity=eventgrid.DeliveryWithResourceIdentityArgs(
                identity=eventgrid.EventSubscriptionIdentityArgs(type="SystemAssigned"),
                destination=eventgrid.StorageQueueEventSubscriptionDestinationArgs(
                    endpoint_type="StorageQueue", **QUEUE
                ),
            ),
            dead_letter_with_resource_identity=eventgrid.DeadLetterWithResourceIdentityArgs(
                identity=eventgrid.EventSubscriptionIdentityArgs(type="SystemAssigned"),
                dead_letter_destination=eventgrid.StorageBlobDeadLetterDestinationArgs(
                    endpoint_type="StorageBlob", **LETTERS
                ),
            ),
        ),
        EventGridManagementClient,
        lambda c: c.system_topic_event_subscriptions.begin_create_or_update(
            "rg",
            "egst",
            "jobs",
            event_models.EventSubscription(
                event_delivery_schema="CloudEventSchemaV1_0",
                filter=event_models.EventSubscriptionFilter(**FILTER),
                retry_policy=event_models.RetryPolicy(**RETRY),
                delivery_with_resource_identity=event_models.DeliveryWithResourceIdentity(
                    identity=event_models.EventSubscriptionIdentity(type="SystemAssigned"),
                    destination=event_models.StorageQueueEventSubscriptionDestination(**QUEUE),
                ),
                dead_letter_with_resource_identity=event_models.DeadLetterWithResourceIdentity(
                    identity=event_models.EventSubscriptionIdentity(type="SystemAssigned"),
                    dead_letter_destination=event_models.StorageBlobDeadLetterDestination(
                        **LETTERS
                    ),
                ),
            ),
        ),
    ),
    "hook": Pair(
        "eventgrid:SystemTopicEventSubscription",
        eventgrid.SystemTopicEventSubscriptionArgs(
            resource_group_name="rg",
            system_topic_name="egst",
            event_subscription_name="hook",
            destination=eventgrid.WebHookEventSubscriptionDestinationArgs(
                endpoint_type="WebHook", endpoint_url="https://example.com/hook"
            ),
        ),
        EventGridManagementClient,
        lambda c: c.system_topic_event_subscriptions.begin_create_or_update(
            "rg",
            "egst",
            "hook",
            event_models.EventSubscription(
                event_delivery_schema="EventGridSchema",
                destination=event_models.WebHookEventSubscriptionDestination(
                    endpoint_url="https://example.com/hook"
                ),
            ),
        ),
    ),
    "topic": Pair(
        "eventgrid:Topic",
        eventgrid.TopicArgs(
            resource_group_name="rg",
            topic_name="egt",
            location="eastus",
            input_schema="CloudEventSchemaV1_0",
            disable_local_auth=True,
            public_network_access="Enabled",
        ),
        EventGridManagementClient,
        lambda c: c.topics.begin_create_or_update(
            "rg",
            "egt",
            event_models.Topic(
                location="eastus",
                input_schema="CloudEventSchemaV1_0",
                disable_local_auth=True,
                public_network_access="Enabled",
            ),
        ),
    ),
}

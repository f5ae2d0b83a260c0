"""What happens in the workspace, told to whoever wants to hear it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_azure_native import eventgrid, storage

from infra.names import Names
from infra.placement import Placement
from infra.role_assignments import Grant, RoleAssignments, RoleAssignmentsArgs
from infra.settings import Event

TOPIC_TYPE = "Microsoft.MachineLearningServices.Workspaces"
PREFIX = "Microsoft.MachineLearningServices."
DEAD_LETTERS = "event-dead-letters"
OWN = {"type": "SystemAssigned"}


@dataclass(frozen=True)
class EventsArgs:
    names: Names
    placement: Placement
    workspace: pulumi.Input[str]
    """Id of the source."""
    account: pulumi.Output[str]
    """Id of the storage account that has queues and dead letters."""
    account_name: pulumi.Input[str]
    events: Mapping[str, Event]


class Events(pulumi.ComponentResource):
    """Does not manage who reads the queues, nor hubs and queues of others: those are given by id.

    The topic delivers as itself wherever the service can, so no destination needs a key. A web hook
    is called without: the address is its only guard.
    """

    def __init__(
        self, name: str, args: EventsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:Events", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.topic = eventgrid.SystemTopic(
            f"{name}-topic",
            system_topic_name=args.names.system_topic,
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            source=args.workspace,
            topic_type=TOPIC_TYPE,
            identity=OWN,
            tags=args.placement.tags,
            opts=child,
        )
        self.queues = {
            queue: storage.Queue(
                f"{name}-queue-{queue}",
                queue_name=queue,
                account_name=args.account_name,
                resource_group_name=args.placement.resource_group,
                opts=child,
            )
            for queue in sorted({event.queue for event in args.events.values() if event.queue})
        }
        letters = storage.BlobContainer(
            f"{name}-dead-letters",
            container_name=DEAD_LETTERS,
            account_name=args.account_name,
            resource_group_name=args.placement.resource_group,
            public_access="None",
            opts=child,
        )
        roles = RoleAssignments(
            f"{name}-roles",
            RoleAssignmentsArgs(args.names, self._grants(args)),
            pulumi.ResourceOptions(parent=self),
        )
        self.subscriptions = {
            key: eventgrid.SystemTopicEventSubscription(
                f"{name}-{key}",
                event_subscription_name=key,
                system_topic_name=self.topic.name,
                resource_group_name=args.placement.resource_group,
                event_delivery_schema="CloudEventSchemaV1_0",
                filter={
                    "included_event_types": [PREFIX + kind for kind in event.types],
                    "subject_begins_with": event.subject,
                    "is_subject_case_sensitive": False,
                },
                retry_policy={
                    "max_delivery_attempts": 30,
                    "event_time_to_live_in_minutes": 1440,
                },
                dead_letter_with_resource_identity={
                    "identity": OWN,
                    "dead_letter_destination": {
                        "endpoint_type": "StorageBlob",
                        "resource_id": args.account,
                        "blob_container_name": letters.name,
                    },
                },
                **self._destination(event, args),
                opts=pulumi.ResourceOptions(parent=self, depends_on=roles.assignments),
            )
            for key, event in args.events.items()
        }
        self.register_outputs({"topic": self.topic.name, "queues": sorted(self.queues)})

    def _destination(self, event: Event, args: EventsArgs) -> dict[str, Any]:
        """A place of several possible types: their dictionaries the SDK does not translate."""
        if event.webhook:
            hook = eventgrid.WebHookEventSubscriptionDestinationArgs(
                endpoint_type="WebHook", endpoint_url=event.webhook
            )
            return {"destination": hook}
        place: Any
        if event.queue:
            place = eventgrid.StorageQueueEventSubscriptionDestinationArgs(
                endpoint_type="StorageQueue",
                resource_id=args.account,
                queue_name=self.queues[event.queue].name,
            )
        elif event.event_hub:
            place = eventgrid.EventHubEventSubscriptionDestinationArgs(
                endpoint_type="EventHub", resource_id=event.event_hub
            )
        else:
            place = eventgrid.ServiceBusQueueEventSubscriptionDestinationArgs(
                endpoint_type="ServiceBusQueue", resource_id=event.service_bus
            )
        return {"delivery_with_resource_identity": {"identity": OWN, "destination": place}}

    def _grants(self, args: EventsArgs) -> list[Grant]:
        principal = self.topic.identity.apply(_principal)

        def grant(key: str, role: str, scope: pulumi.Input[str], why: str) -> Grant:
            return Grant(f"events-{key}", principal, "ServicePrincipal", role, scope, why)

        grants = [
            grant(
                "dead-letters",
                "Storage Blob Data Contributor",
                args.account,
                "Events that could not be delivered are put aside in a container.",
            )
        ]
        if self.queues:
            grants.append(
                grant(
                    "queues",
                    "Storage Queue Data Message Sender",
                    args.account,
                    "Events are delivered to queues.",
                )
            )
        for key, event in args.events.items():
            outside = event.event_hub or event.service_bus
            if outside:
                kind = "Azure Event Hubs" if event.event_hub else "Azure Service Bus"
                grants.append(
                    grant(
                        # An event may be called as one of the above.
                        f"to-{key}",
                        f"{kind} Data Sender",
                        outside,
                        f"`events.{key}` in the stack file is delivered there.",
                    )
                )
        return grants


def _principal(identity: Any) -> str:
    return str(identity.principal_id)

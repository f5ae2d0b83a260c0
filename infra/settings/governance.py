"""Settings of what an environment may cost, and of who hears of what happens in it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.settings.azure_ids import EventHubId, ServiceBusQueueId
from infra.settings.contacts import Email, Https
from infra.settings.fields import KEBAB, KEBAB_TEXT, Section, named

QueueName = Annotated[str, named(KEBAB, KEBAB_TEXT, 3, 63)]
EventName = Annotated[str, named(KEBAB, KEBAB_TEXT, 3, 64)]
EventType = Literal[
    "ModelRegistered", "ModelDeployed", "RunCompleted", "RunStatusChanged", "DatasetDriftDetected"
]


class Event(Section):
    """A subscription to what happens in the workspace."""

    types: Annotated[list[EventType], Field(min_length=1)] = [
        "ModelRegistered",
        "ModelDeployed",
        "RunCompleted",
        "RunStatusChanged",
        "DatasetDriftDetected",
    ]
    """Which events."""
    subject: Annotated[str, Field(max_length=256)] = ""
    """How the subject of an event must begin, such as models/churn or experiments/rides."""
    queue: QueueName | None = None
    """A storage queue of the workspace's account, which the program makes."""
    webhook: Https | None = None
    """An address to call. The stack file is no place for a secret one."""
    event_hub: EventHubId | None = None
    """Id of an event hub that is there."""
    service_bus: ServiceBusQueueId | None = None
    """Id of a Service Bus queue that is there."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        names = ("queue", "webhook", "event_hub", "service_bus")
        given = [name for name in names if getattr(self, name)]
        if len(given) != 1:
            found = " and ".join(given) or "no place"
            raise ValueError(f"goes to {found}; allowed is one of {', '.join(names)}")
        return self


class Budget(Section):
    """What the resource group may cost: people are told, nothing is stopped."""

    monthly: Annotated[float, Field(gt=0, le=1_000_000_000)]
    """In the currency of the subscription's bill."""
    emails: list[Email] = []
    """Beside those whom the alerts tell."""

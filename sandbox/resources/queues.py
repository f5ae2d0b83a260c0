"""Queues of a storage account; the messages themselves are Azurite's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import SUCCEEDED, Resource
from sandbox.arm.types import ResourceType
from sandbox.blob import containers
from sandbox.resources.storage import ACCOUNTS

if TYPE_CHECKING:
    from sandbox.azure import Azure

SERVICES = f"{ACCOUNTS}/queueServices"
QUEUES = f"{SERVICES}/queues"


async def _provision(azure: Azure, queue: Resource) -> None:
    await containers.create_queue(azure, queue.id.names[0], queue.name)


async def _remove(azure: Azure, queue: Resource) -> None:
    account = azure.resources.get(ResourceId(queue.id.scope, ACCOUNTS, queue.id.names[:1]))
    if account and account.state == SUCCEEDED:
        await containers.delete_queue(azure, account.name, queue.name)


TYPES = [
    ResourceType(SERVICES, states=False, create_status=200),
    ResourceType(
        QUEUES,
        states=False,
        synchronous=True,
        create_status=200,
        delete_status=204,
        provision=_provision,
        remove=_remove,
    ),
]

"""Resource groups and management locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.arm.deletes import LOCKS, check_locks
from sandbox.arm.ids import GROUP
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource
from sandbox.arm.types import ResourceType

if TYPE_CHECKING:
    from sandbox.azure import Azure


def _refuse_delete(azure: Azure, group: Resource, _request: Request) -> None:
    for item in azure.resources.list(group=group.id):
        check_locks(azure, "DELETE", item.id)


TYPES = [
    ResourceType(GROUP, tracked=True, refuse_delete=_refuse_delete),
    ResourceType(LOCKS, extension=True, states=False, delete_status=200),
]

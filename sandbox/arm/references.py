"""Who refers to a resource: what must go before it may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource

if TYPE_CHECKING:
    from sandbox.azure import Azure


def users(azure: Azure, target: ResourceId) -> list[Resource]:
    """The resources whose bodies name `target`, oldest first.

    What lies below it goes with it, and what is put on a scope (a lock, a grant) is no user.
    """
    return [
        item
        for item in azure.resources.list()
        if not item.id.within(target)
        and not azure.types.of(item).extension
        and any(text.lower().rstrip("/") == target.key for text in _texts(item.body))
    ]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)

"""Children that a parent also shows in its own body, as a virtual network its subnets.

A child is a resource with a row of its own; what stands in the parent's body is taken out when the
parent is written and put in when it is shown, so that the two can never say different things.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.arm.answers import render
from sandbox.arm.errors import invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import SUCCEEDED, Resource
from sandbox.arm.types import Body, Change

if TYPE_CHECKING:
    from sandbox.azure import Azure

Check = Callable[["Azure", Resource, list[Resource]], None]
"""Of a child against those beside it; raises what the service answers."""
Leave = Callable[["Azure", Resource], None]
"""Of a child that is no longer named; raises where it is in use."""
_BESIDE = ("name", "id", "type", "etag")


@dataclass(frozen=True)
class Inline:
    """`kind`: the last segment of the type of the children, and what the parent calls them."""

    kind: str
    check: Check
    leave: Leave

    def take(self, azure: Azure, change: Change) -> None:
        """Out of a PUT's body; a PATCH says nothing of them. Raises what `check` raises."""
        parent = change.resource
        given = parent.properties.pop(self.kind, None)
        if change.request.method == "PATCH" and given is None:
            return
        wanted = [self._child(parent, item) for item in given or []]
        for child in wanted:
            self.check(azure, child, wanted)
        names = {child.name.lower() for child in wanted}
        for child in self.children(azure, parent.id):
            if child.name.lower() not in names:
                self.leave(azure, child)
        parent.private["wanted"] = {child.name: child.body for child in wanted}

    async def settle(self, azure: Azure, parent: Resource) -> None:
        """Make the children what the parent's last PUT said of them; runs again after a kill."""
        wanted: dict[str, Any] | None = parent.private.pop("wanted", None)
        if wanted is None:
            return
        names = {name.lower() for name in wanted}
        with azure.store.transaction():
            for child in self.children(azure, parent.id):
                if child.name.lower() not in names:
                    azure.resources.delete(child)
            for name, body in wanted.items():
                at = parent.id.child(self.kind, name)
                known = azure.resources.get(at)
                child = Resource(at, body, known.private if known else {})
                child.state = SUCCEEDED
                azure.resources.save(child)
            azure.resources.save(parent)

    def show(self, azure: Azure, parent: Resource, body: Body) -> None:
        body["properties"][self.kind] = [
            render(azure, child) for child in self.children(azure, parent.id)
        ]

    def children(self, azure: Azure, parent: ResourceId) -> list[Resource]:
        return azure.resources.children(parent, f"{parent.type}/{self.kind}")

    def _child(self, parent: Resource, item: Any) -> Resource:
        if not item.get("name"):
            raise invalid(f"Each of '{self.kind}' needs a name.", f"properties.{self.kind}.name")
        body = {key: value for key, value in item.items() if key not in _BESIDE}
        return Resource(parent.id.child(self.kind, str(item["name"])), body)

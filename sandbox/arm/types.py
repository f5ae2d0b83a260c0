"""A resource type is one small declaration."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.arm.ids import ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource

if TYPE_CHECKING:
    from sandbox.azure import Azure

Body = dict[str, Any]


@dataclass
class Change:
    """A PUT or PATCH about to be stored: `resource` may be altered, `previous` not."""

    resource: Resource
    previous: Resource | None
    request: Request


Prepare = Callable[["Azure", Change], None]
Effect = Callable[["Azure", Resource], Awaitable[None]]
View = Callable[["Azure", Resource, Body], None]
Refusal = Callable[["Azure", Resource, Request], None]
Purge = Callable[["Azure", list[Resource]], Awaitable[None]]
Select = Callable[["Azure", ResourceId, list[Resource], Request], list[Resource]]
ActionHandler = Callable[["Azure", Resource, Request], Any]


@dataclass(frozen=True)
class Action:
    """A POST on a resource.

    `handler` returns the answer's body, or an awaitable of it. With `long`, the answer is 202 at
    once and `effect` runs as a durable operation, rerun after a restart.
    """

    handler: ActionHandler | None = None
    status: int = 200
    effect: Effect | None = None
    unstored: bool = False
    """True: the resource need not exist yet, its parent must."""
    azure_async: bool = True
    """False: only ``Location`` is answered, as for a job's cancellation."""

    @property
    def long(self) -> bool:
        return self.effect is not None


@dataclass(frozen=True)
class ResourceType:
    """What one resource type adds to what all share.

    name: ``Microsoft.Storage/storageAccounts``. tracked: has location and tags and shows up in
    ``/resources``. extension: may be put on any scope. unique: the whole cloud has the name once;
    the value is the error's code. soft_delete_days: 0 for none. purge_parameter: the query
    parameter of a DELETE that leaves nothing behind. create_status, update_status: what the
    official clients accept. delete_shows: a DELETE answers with what it deleted. prepare runs
    before anything is stored, provision, remove are effects and idempotent: a killed sandbox runs
    them again. needs: paths in the body that hold ids of resources that must exist, ``scopes[]``
    for each of a list. refuse_delete raises 409 for what others use. purge gets what a soft
    deletion kept: the resource first, then what was below it. recovers says of a PUT's body whether
    it brings a soft-deleted resource of that id back. select narrows or reorders a listing under a
    parent. synchronous: no operation is shown, the answer waits for the effect. booleans: paths
    where the service takes the strings "true" and "false" for the values. states: whether there is
    a provisioningState. versioned: a container of versions, answered with its latest and next
    version; it has no row of its own.
    """

    name: str
    tracked: bool = False
    extension: bool = False
    unique: str | None = None
    soft_delete_days: int = 0
    create_status: int = 201
    update_status: int = 200
    delete_status: int = 202
    delete_shows: bool = False
    synchronous: bool = False
    states: bool = True
    versioned: bool = False
    purge_parameter: str = "forceToPurge"
    needs: tuple[str, ...] = ()
    booleans: tuple[str, ...] = ()
    prepare: Prepare | None = None
    provision: Effect | None = None
    remove: Effect | None = None
    refuse_delete: Refusal | None = None
    view: View | None = None
    recovers: Callable[[Body], bool] | None = None
    purge: Purge | None = None
    select: Select | None = None
    actions: Mapping[str, Action] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return self.name.lower()

    @property
    def kind(self) -> str:
        """The last segment: ``storageAccounts``."""
        return self.name.rsplit("/", 1)[1]

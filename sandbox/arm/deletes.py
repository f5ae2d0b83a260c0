"""DELETE: locks, what is in use, soft deletion and purge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.arm.answers import Response, poll_headers, render
from sandbox.arm.durations import seconds
from sandbox.arm.errors import ArmError, conflict
from sandbox.arm.ids import GROUP, ResourceId
from sandbox.arm.operations import GRACE_SECONDS
from sandbox.arm.request import Request
from sandbox.arm.types import ResourceType
from sandbox.arm.writes import check_preconditions

if TYPE_CHECKING:
    from sandbox.azure import Azure

LOCKS = "Microsoft.Authorization/locks"


async def delete(azure: Azure, request: Request, kind: ResourceType, at: ResourceId) -> Response:
    """Begin a deletion; 204 when there was nothing to delete."""
    purge = request.query.get(kind.purge_parameter.lower(), "").lower() == "true"
    resource = azure.resources.get(at)
    if resource is None:
        deleted = azure.deleted.get(at) if kind.soft_delete_days else None
        if deleted and purge:
            await azure.deleted.purge(deleted)
            return Response(200)
        if kind.name == GROUP:
            raise ArmError(
                404, "ResourceGroupNotFound", f"Resource group '{at.name}' could not be found."
            )
        return Response(204)
    check_preconditions(request, resource)
    shown = render(azure, resource) if kind.delete_shows else None
    if kind.refuse_delete:
        kind.refuse_delete(azure, resource, request)
    running = azure.operations.open_on(resource.id)
    if running and running.kind == "delete":
        operation = running
    else:
        azure.operations.cancel(resource.id)
        with azure.store.transaction():
            if kind.states:
                resource.state = "Deleting"
                azure.resources.save(resource)
            operation = azure.operations.record(
                resource.id, "delete", seconds(kind.name, "delete"), detail={"purge": purge}
            )
        azure.operations.launch(operation)
    final = kind.synchronous or kind.delete_status == 200  # Whoever gets that does not poll.
    if final or not seconds(kind.name, "delete"):
        await azure.operations.finish(operation.id, None if final else GRACE_SECONDS)
    ended = azure.operations.get(operation.id)
    if ended and ended.done:
        if ended.error:
            raise conflict(ended.error["message"], ended.error["code"])
        return Response(204 if kind.delete_status == 204 else 200, shown)
    kinds = ("location",) if kind.name == GROUP else ("azure-asyncoperation", "location")
    return Response(
        kind.delete_status if kind.delete_status != 204 else 202,
        None,
        poll_headers(request, operation, *kinds),
    )


def check_locks(azure: Azure, method: str, at: ResourceId) -> None:
    """Raises 409 ``ScopeLocked``: CanNotDelete guards against DELETE, ReadOnly against all writes.

    A lock on a scope holds for everything below it, and what is below keeps its scope alive.
    """
    if method in ("GET", "HEAD") or at.type.lower() == LOCKS.lower():
        return
    for lock in azure.resources.list(LOCKS):
        scope = lock.id.parent
        level = lock.properties.get("level")
        if scope is None or (method != "DELETE" and level != "ReadOnly"):
            continue
        if at.within(scope) or (method == "DELETE" and scope.within(at)):
            action = "delete" if method == "DELETE" else "write"
            raise conflict(
                f"The scope '{at}' cannot perform {action} operation because following scope(s) "
                f"are locked: '{scope}'. Please remove the lock and try again.",
                "ScopeLocked",
            )

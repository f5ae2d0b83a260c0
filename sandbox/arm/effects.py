"""What an operation does when it is due: provision, delete with all that lies below, act."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.arm.errors import ArmError
from sandbox.arm.ids import GROUP
from sandbox.arm.operations import Operation
from sandbox.arm.resource import FAILED, SUCCEEDED, Resource

if TYPE_CHECKING:
    from sandbox.azure import Azure


class Effects:
    """The effects of operations; each may run twice, because a killed sandbox runs it again."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure

    async def apply(self, operation: Operation) -> None:
        """Raises `ArmError` when the operation fails."""
        if operation.kind in ("create", "update"):
            await self._provision(operation)
        elif operation.kind == "delete":
            await self._delete(operation)
        else:
            await self._act(operation)

    def failed(self, operation: Operation, error: ArmError) -> None:
        """Leave the resource in `Failed`, with the reason in the log."""
        self.azure.log.warning(
            "%s of %s failed: %s: %s",
            operation.kind,
            operation.resource_id,
            error.code,
            error.message,
        )
        resource = self.azure.resources.get(operation.resource_id)
        if resource and operation.kind != "action" and self.azure.types.of(resource).states:
            resource.state = FAILED
            self.azure.resources.save(resource)

    async def _provision(self, operation: Operation) -> None:
        resource = self.azure.resources.need(operation.resource_id)
        kind = self.azure.types.of(resource)
        self.azure.faults.fail_provisioning(resource)
        if kind.provision:
            await kind.provision(self.azure, resource)
        if kind.states:
            resource.state = SUCCEEDED
        self.azure.resources.save(resource)

    async def _delete(self, operation: Operation) -> None:
        resource = self.azure.resources.get(operation.resource_id)
        if resource is None:
            return
        if resource.type == GROUP:
            # What came last may stand on what came first, so the newest goes first.
            below = self.azure.resources.list(group=resource.id)
            tops = [item for item in below if item.id.parent == resource.id]
            for item in reversed(tops):
                await self.delete_tree(item, purge=False)
        await self.delete_tree(resource, purge=bool(operation.detail.get("purge")))

    async def delete_tree(self, resource: Resource, *, purge: bool) -> None:
        """Delete a resource and all below it, deepest first; keep it where its type is soft."""
        azure = self.azure
        kind = azure.types.of(resource)
        kept: list[Resource] = []
        for item in [*azure.resources.below(resource.id), resource]:
            azure.operations.cancel(item.id)
            remove = azure.types.of(item).remove
            if remove:
                await remove(azure, item)
            # Role assignments and locks on what is deleted go with it, and do not come back.
            if (not remove or item is resource) and not azure.types.of(item).extension:
                kept.insert(0, item)
        with azure.store.transaction():
            if kind.soft_delete_days and not purge:
                azure.deleted.keep(kept, kind.soft_delete_days)
            for item in azure.resources.below(resource.id):
                azure.resources.delete(item)
            azure.resources.delete(resource)
        if purge and kind.purge:
            await kind.purge(azure, kept)

    async def _act(self, operation: Operation) -> None:
        resource = self.azure.resources.need(operation.resource_id)
        action = self.azure.types.of(resource).actions[operation.action]
        if action.effect:
            await action.effect(self.azure, resource)

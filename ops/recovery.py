"""After a killed or failed update: clear the lock of a dead owner, adopt what it had begun to make.

Pulumi writes down what it is about to create. When it is killed in between, the resource may exist
in Azure without being in the stack, and creating it again fails. The engine's own way
(`refresh --import-pending-creates`) drops what it should import, so the state is edited here: what
is there gets its id and a note that its creation was interrupted, upon which the next update puts
it once more.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from string import Formatter
from typing import Any

import yaml
from pulumi import automation
from pulumi.automation.events import EngineEvent, OpType

from ops import stacks, state_files
from ops.failure import Failure
from ops.screen import note

INTERRUPTED = "its creation was interrupted"
CREATING = "creating"
PATIENCE, PAUSE = 120.0, 0.2
"""Seconds to wait for an engine or a resource that is at work without its command."""


def up(stack: automation.Stack, policies: Path | None, watch: stacks.Watch) -> stacks.Summary:
    """An update that takes up what an interrupted or failed one has left."""
    interrupted = recover(stack)
    creations = Creations()

    def both(event: EngineEvent) -> None:
        watch(event)
        creations.watch(event)

    try:
        return stacks.up(stack, policies, both)
    except Failure:
        if not creations.adopt(stack, interrupted):
            raise
    return stacks.up(stack, policies, watch)


def recover(stack: automation.Stack) -> bool:
    """Make a stack ready for the next update; whether the one before was interrupted."""
    cleared = state_files.clear_locks(stack.name)
    state = stack.export_stack().deployment or {}
    pending = [item for item in state.get("pending_operations") or [] if item.get("resource")]
    if not pending:
        return cleared
    note(f"the update before was interrupted in {len(pending)} operations; taking it up again")
    if any(item["type"] != CREATING for item in pending):
        stacks.refresh(stack)
    _adopt(stack, [item["resource"] for item in pending if item["type"] == CREATING])
    return True


class Creations:
    """Collects what an update failed to create, from the engine's events."""

    def __init__(self) -> None:
        self._failed: dict[str, dict[str, Any]] = {}

    def watch(self, event: EngineEvent) -> None:
        if not event.res_op_failed_event:
            return
        failed = event.res_op_failed_event.metadata
        if failed.op == OpType.CREATE and failed.new:
            new = failed.new
            self._failed[failed.urn] = {
                "urn": new.urn,
                "type": new.type,
                "custom": True,
                "parent": new.parent,
                "provider": new.provider,
                "inputs": new.inputs,
            }

    def adopt(self, stack: automation.Stack, interrupted: bool) -> bool:
        """After a failed update: adopt what could not be created because it exists already, if an
        update before this one was interrupted or failed. Otherwise it is somebody else's.

        Whether anything was adopted, so that the update is worth another try.
        """
        if not self._failed or not (interrupted or _failed_before(stack)):
            return False
        return _adopt(stack, list(self._failed.values()))


def _failed_before(stack: automation.Stack) -> bool:
    """Whether the update before the last one did not succeed."""
    before = stack.history(page_size=2)[1:]
    return bool(before) and before[0].result != "succeeded"


def _adopt(stack: automation.Stack, resources: list[dict[str, Any]]) -> bool:
    """Put those that exist in Azure into the state, and drop all pending operations from it."""
    exported = stack.export_stack()
    state: dict[str, Any] = dict(exported.deployment or {})
    known = {resource["urn"] for resource in state.get("resources") or []}
    adopted = []
    for resource in resources:
        identifier = _identifier(resource)
        if identifier and resource["urn"] not in known:
            adopted.append({**resource, "id": identifier, "initErrors": [INTERRUPTED]})
            note(f"adopting {resource['urn'].rpartition('::')[2]}, which was being made")
    state["resources"] = [*(state.get("resources") or []), *adopted]
    state["pending_operations"] = []
    stack.import_stack(automation.Deployment(exported.version, state))
    return bool(adopted)


def _identifier(resource: dict[str, Any]) -> str | None:
    """The id that a resource has in Azure, from its inputs, when it is there."""
    table = yaml.safe_load(Path(__file__).with_name("resource_ids.yaml").read_text())
    entry = table.get(resource["type"])
    if entry is None:
        return None
    inputs = resource.get("inputs") or {}
    subscription = os.environ.get("AZURE_SUBSCRIPTION_ID", "")
    values = {"subscriptionId": subscription, **inputs}
    fields = [name for _, name, _, _ in Formatter().parse(entry["id"]) if name]
    if any(not isinstance(values.get(name), str) for name in fields):
        return None
    identifier: str = entry["id"].format(**values)
    return identifier if _exists(identifier, entry["version"], subscription) else None


def _exists(identifier: str, version: str, subscription: str) -> bool:
    """Whether it is there. One that is still being made is waited for: meanwhile Azure refuses
    to change it.
    """
    from azure.core.exceptions import ResourceNotFoundError
    from azure.identity import DefaultAzureCredential
    from azure.mgmt.resource.resources import ResourceManagementClient

    client = ResourceManagementClient(DefaultAzureCredential(), subscription)
    until = time.monotonic() + PATIENCE
    while True:
        try:
            found = client.resources.get_by_id(identifier, api_version=version)
        except ResourceNotFoundError:
            return False
        properties = found.properties if isinstance(found.properties, dict) else {}
        state = str(properties.get("provisioningState", "Succeeded"))
        if state.lower() in ("succeeded", "failed", "canceled"):
            return True
        if time.monotonic() > until:
            raise Failure(f"{identifier} is still {state}. Run the same command later.")
        time.sleep(PAUSE)

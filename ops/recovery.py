"""After a killed or failed update: clear the lock of a dead owner, adopt what it had begun to make.

Pulumi writes down what it is about to create. When it is killed in between, the resource may exist
in Azure without being in the stack, and creating it again fails. The engine's own way
(`refresh --import-pending-creates`) drops what it should import, so the state is edited here: what
is there gets its id and a note that its creation was interrupted, upon which the next update puts
it once more.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from string import Formatter
from typing import Any

import yaml
from azure.core.exceptions import AzureError, ResourceNotFoundError
from pulumi import automation
from pulumi.automation.events import EngineEvent, OpType

from ops import stacks, state_files, target
from ops.failure import Failure
from ops.federation import credential
from ops.late_grants import LateGrants
from ops.screen import note

INTERRUPTED = "its creation was interrupted"
CREATING = "creating"
ALREADY_THERE = "already existing resource"
"""What azure-native says of a resource that it is to create and that is there."""
PATIENCE, PAUSE = 120.0, 0.2
"""Seconds to wait for an engine or a resource that is at work without its command."""


def up(stack: automation.Stack, policies: Path | None, watch: stacks.Watch) -> dict[str, Any]:
    """An update that takes up what a killed one has left, and leaves nothing unknown itself.
    Returns the stack's outputs.

    What is refused because Azure does not see yet what was granted is tried again.
    """
    recover(stack)
    late = LateGrants()
    while True:
        creations = Creations()

        def all_of_them(event: EngineEvent, creations: Creations = creations) -> None:
            watch(event)
            creations.watch(event)
            late.watch(event)

        try:
            return stacks.up(stack, policies, all_of_them)
        except Failure:
            with contextlib.suppress(Failure, AzureError):
                creations.adopt(stack)
            wait = late.wait()
            if wait is None:
                raise
        pause, what = wait
        note(f"Azure does not see {what} yet; going on in {pause:.0f} s")
        time.sleep(pause)


def recover(stack: automation.Stack) -> None:
    """Make a stack ready for the next update, whatever happened to the one before.

    Raises `Failure` where it stands in another subscription than the one that is chosen.
    """
    state_files.clear_locks(stack.name)
    state = stack.export_stack().deployment or {}
    _check_subscription(stack.name, state.get("resources") or [])
    pending = [item for item in state.get("pending_operations") or [] if item.get("resource")]
    if not pending:
        return
    note(f"the update before was interrupted in {len(pending)} operations; taking it up again")
    if any(item["type"] != CREATING for item in pending):
        stacks.refresh(stack)
    _adopt(stack, [item["resource"] for item in pending if item["type"] == CREATING])


def _check_subscription(name: str, state: list[dict[str, Any]]) -> None:
    """Planned in another, all that a stack has made would be replaced, and lost."""
    stands, chosen = stacks.subscription_in(state), target.chosen(os.environ)
    if stands and stands.lower() != chosen.lower():
        raise Failure(
            f"'{name}' stands in subscription {stands}, but {chosen or 'none'} is chosen: planned "
            "there, all that it has made would be replaced, and lost. Put "
            f"AZURE_SUBSCRIPTION_ID={stands} before the command, or give what is to stand in the "
            f"other a stack of its own: amlops config new NAME --from {name}"
        )


class Creations:
    """Collects from the engine's events what an update failed to create. The answer to a request
    may have been lost, and the resource be there.
    """

    def __init__(self) -> None:
        self._failed: dict[str, dict[str, Any]] = {}
        self._foreign: set[str] = set()

    def watch(self, event: EngineEvent) -> None:
        told = event.diagnostic_event
        if told and told.urn and ALREADY_THERE in told.message:
            self._foreign.add(told.urn)
        if not event.res_op_failed_event:
            return
        failed = event.res_op_failed_event.metadata
        if failed.op == OpType.CREATE and failed.new:
            self._failed[failed.urn] = {
                "urn": failed.urn,
                "type": failed.new.type,
                "custom": True,
                "parent": failed.new.parent,
                "provider": failed.new.provider,
                "inputs": failed.new.inputs,
            }

    def lost(self) -> list[dict[str, Any]]:
        """What may have been made. What was there before is somebody else's."""
        return [item for urn, item in self._failed.items() if urn not in self._foreign]

    def adopt(self, stack: automation.Stack) -> None:
        """After a failed update: put what was made nevertheless into the state."""
        if self.lost():
            target.enter(os.environ["AMLOPS_TARGET"])  # The sandbox may be what failed.
            _adopt(stack, self.lost())


def _adopt(stack: automation.Stack, resources: list[dict[str, Any]]) -> None:
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
    from azure.mgmt.resource.resources import ResourceManagementClient

    client = ResourceManagementClient(credential(), subscription)
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

"""Schedules by which compute instances start and stop, on the sandbox's clock."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import invalid
from sandbox.arm.resource import SUCCEEDED, Resource
from sandbox.jobs.nodes import Nodes
from sandbox.jobs.queue import JobQueue
from sandbox.ml.compute_parts import SETTINGS, settings_of
from sandbox.recurrence import Trigger, of_cron, of_recurrence

if TYPE_CHECKING:
    from sandbox.azure import Azure

NOTICE = timedelta(seconds=30)
"""How often is looked at the latest: a new schedule is not waited for."""
_SEEN = "schedules_seen"


def prepare(azure: Azure, compute: Resource, inner: dict[str, Any]) -> None:
    """Give each schedule its id. Raises 400 for one that can never be due."""
    schedules = (inner.get("schedules") or {}).get("computeStartStop") or []
    now = azure.clock.now()
    for number, schedule in enumerate(schedules):
        schedule.setdefault("status", "Enabled")
        schedule["id"] = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{compute.id.key}/{number}"))
        schedule["provisioningStatus"] = "Completed"
        schedule["action"] = str(schedule.get("action")).capitalize()
        if schedule["action"] not in ("Start", "Stop"):
            raise invalid(
                "A schedule's action is Start or Stop.",
                f"{SETTINGS}.schedules.computeStartStop[{number}].action",
            )
        try:
            _trigger(schedule, now)
        except ValueError as error:
            raise invalid(f"{error}.", f"{SETTINGS}.schedules.computeStartStop[{number}]") from None
    compute.private[_SEEN] = now.timestamp()


async def run(azure: Azure) -> None:
    """Start and stop what is due, for ever."""
    while True:
        due = settle(azure)
        await azure.clock.sleep_until(min(due, azure.clock.now() + NOTICE))


def settle(azure: Azure) -> datetime:
    """Bring about what has become due since the last look; returns when the next is."""
    from sandbox.ml.computes import COMPUTES

    now = azure.clock.now()
    dues = [now + NOTICE]
    for compute in azure.resources.list(COMPUTES):
        schedules = (settings_of(compute).get("schedules") or {}).get("computeStartStop") or []
        if not schedules or compute.state != SUCCEEDED:
            continue
        created = compute.created or now
        triggers = [
            (_trigger(schedule, created), schedule["action"])
            for schedule in schedules
            if schedule.get("status") != "Disabled"
        ]
        seen = datetime.fromtimestamp(compute.private[_SEEN], UTC)
        past = [(when, action) for trigger, action in triggers if (when := trigger.last(seen, now))]
        if past:
            compute.private[_SEEN] = now.timestamp()
            azure.resources.save(compute)
            _act(azure, compute, max(past)[1])
        dues += [when for trigger, _ in triggers if (when := trigger.after(now))]
    return min(dues)


def _trigger(schedule: dict[str, Any], created: datetime) -> Trigger:
    if schedule.get("triggerType") == "Recurrence":
        return of_recurrence(schedule.get("recurrence") or {}, created)
    return of_cron(schedule.get("cron") or {}, created)


def _act(azure: Azure, compute: Resource, action: str) -> None:
    from sandbox.ml.instances import set_state

    if action == "Stop":
        if JobQueue(azure).on(compute.id.key):
            azure.log.warning("%s: a job runs, so its schedule does not stop it", compute.id)
        elif compute.private["state"] == "Running":
            set_state(azure, compute, "Stopped", "Stop", "Schedule")
        return
    # An instance that has been idle up to now begins its idle time anew.
    if not JobQueue(azure).on(compute.id.key):
        Nodes(azure).release_all(compute.id.key)
    set_state(azure, compute, "Running", "Start", "Schedule")

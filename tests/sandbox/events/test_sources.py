"""Which changes of a resource are events, whoever makes them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource
from sandbox.events import sources
from sandbox.events.outbox import Event, wants

WORKSPACE = (
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
)


class Told:
    """Stands where the outbox and the store would be."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Event]] = []
        self.notices: dict[str, Any] = {}
        store = SimpleNamespace(watch=self.notices.__setitem__)
        context: Any = SimpleNamespace(resources=store)
        outbox: Any = SimpleNamespace(add=lambda at, event: self.events.append((str(at), event)))
        sources.watch(context, outbox)

    def change(self, path: str, before: dict[str, Any] | None, now: dict[str, Any]) -> list[str]:
        """What is told when a resource of the workspace changes."""
        self.events.clear()
        at = ResourceId.parse(f"{WORKSPACE}/{path}")
        old = Resource(at, {"properties": before}) if before is not None else None
        self.notices[at.type](old, Resource(at, {"properties": now}))
        assert all(source == WORKSPACE for source, _ in self.events)
        return [f"{event.type.rsplit('.', 1)[1]} {event.subject}" for _, event in self.events]


DEPLOYMENT, MODEL, JOB = "onlineEndpoints/e/deployments/d", "models/m/versions/1", "jobs/j"
READY, MAKING = {"provisioningState": "Succeeded"}, {"provisioningState": "Creating"}
RUNNING = {"status": "Running", "experimentName": "rides"}


@pytest.mark.parametrize(
    ("path", "before", "now", "told"),
    [
        (DEPLOYMENT, MAKING, READY, ["ModelDeployed endpoints/e"]),
        (DEPLOYMENT, None, MAKING, []),
        (DEPLOYMENT, READY, READY, []),
        (MODEL, None, READY, ["ModelRegistered models/m:1"]),
        (MODEL, None, {}, ["ModelRegistered models/m:1"]),
        (MODEL, READY, READY, []),
        (
            JOB,
            RUNNING,
            RUNNING | {"status": "Completed"},
            ["RunCompleted experiments/rides/runs/j"],
        ),
        (
            JOB,
            RUNNING,
            RUNNING | {"status": "Failed"},
            ["RunStatusChanged experiments/rides/runs/j"],
        ),
        (JOB, RUNNING, RUNNING | {"status": "Canceled"}, []),
        (JOB, RUNNING | {"status": "Failed"}, RUNNING | {"status": "Failed"}, []),
        (JOB, None, RUNNING | {"status": "NotStarted"}, []),
    ],
)
def test_what_changes_is_told_once(
    path: str, before: dict[str, Any] | None, now: dict[str, Any], told: list[str]
) -> None:
    assert Told().change(path, before, now) == told


@pytest.mark.parametrize(
    ("wanted", "let_through"),
    [
        ({}, True),
        ({"includedEventTypes": ["A.B"]}, True),
        ({"includedEventTypes": ["A.C"]}, False),
        ({"subjectBeginsWith": "MODELS/"}, True),
        ({"subjectBeginsWith": "MODELS/", "isSubjectCaseSensitive": True}, False),
        ({"subjectBeginsWith": "runs/"}, False),
        ({"subjectEndsWith": ":1"}, True),
        ({"subjectEndsWith": ":2"}, False),
    ],
)
def test_a_filter_lets_through_what_it_says(wanted: dict[str, Any], let_through: bool) -> None:
    at = ResourceId.parse("/subscriptions/s/resourceGroups/g/providers/a/b/c")
    subscription = Resource(at, {"properties": {"filter": wanted}})
    assert wants(subscription, Event("A.B", "models/m:1")) is let_through

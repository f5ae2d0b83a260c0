"""Compute instances: access, scripts, and the schedules by which they start and stop."""

from __future__ import annotations

import base64
import uuid
from datetime import UTC, timedelta
from typing import Any

import pytest
from azure.ai.ml.entities import ComputeInstance, ComputeSchedules, ComputeStartStopSchedule
from azure.ai.ml.entities import CronTrigger as Cron

from sandbox.clock import Clock
from tests.sandbox.conftest import Place, RunningSandbox, wait_until

VERSION = "2025-12-01"


@pytest.fixture
def name() -> str:
    return f"ci{uuid.uuid4().hex[:8]}"


def put(sandbox: RunningSandbox, workspace: Place, name: str, **inner: Any) -> Any:
    properties = {"vmSize": "Standard_DS3_v2", **inner}
    body = {
        "location": "eastus",
        "properties": {"computeType": "ComputeInstance", "properties": properties},
    }
    return sandbox.arm("PUT", f"{workspace.id}/computes/{name}", body, version=VERSION)


def target(answer: Any) -> str:
    assert answer.status_code == 400, answer.text
    return str(answer.json()["error"]["target"])


def settings(sandbox: RunningSandbox, workspace: Place, name: str) -> dict[str, Any]:
    answer = sandbox.arm("GET", f"{workspace.id}/computes/{name}", version=VERSION)
    found: dict[str, Any] = answer.json()["properties"]["properties"]
    return found


def in_hours(sandbox: RunningSandbox, hours: int) -> str:
    """A cron expression for the minute in so many hours, on every day."""
    now = Clock(sandbox.directory.clock).now().astimezone(UTC) + timedelta(hours=hours)
    return f"{now.minute} {now.hour} * * *"


def test_it_stops_and_starts_by_its_schedules(sandbox: RunningSandbox, ml: Any, name: str) -> None:
    schedules = ComputeSchedules(
        compute_start_stop=[
            ComputeStartStopSchedule(
                trigger=Cron(expression=in_hours(sandbox, hours)), action=action
            )
            for hours, action in ((2, "stop"), (5, "start"))
        ]
    )
    made = ComputeInstance(name=name, size="Standard_DS3_v2", schedules=schedules)
    ml.compute.begin_create_or_update(made).result()
    assert ml.compute.get(name).state == "Running"
    sandbox.advance(timedelta(hours=2, minutes=1))
    wait_until(lambda: ml.compute.get(name).state == "Stopped")
    told = ml.compute.get(name).last_operation
    assert (told["operationName"], told["operationTrigger"]) == ("Stop", "Schedule")
    sandbox.advance(timedelta(hours=3))
    wait_until(lambda: ml.compute.get(name).state == "Running")
    sandbox.advance(timedelta(hours=21))
    wait_until(lambda: ml.compute.get(name).state == "Stopped")


def test_of_several_times_that_are_over_the_last_one_counts(
    sandbox: RunningSandbox, workspace: Place, name: str
) -> None:
    schedules = [
        {"action": action, "triggerType": "Cron", "cron": {"expression": in_hours(sandbox, hours)}}
        for hours, action in ((2, "Stop"), (5, "Start"))
    ]
    answer = put(
        sandbox,
        workspace,
        name,
        schedules={"computeStartStop": schedules},
        idleTimeBeforeShutdown="PT1H",
    )
    assert answer.is_success
    sandbox.advance(timedelta(hours=5, minutes=10))

    def started() -> bool:
        told = settings(sandbox, workspace, name)["lastOperation"] or {}
        return told.get("operationTrigger") == "Schedule" and told["operationName"] == "Start"

    wait_until(started)
    assert settings(sandbox, workspace, name)["state"] == "Running"


def test_a_disabled_schedule_does_nothing(
    sandbox: RunningSandbox, workspace: Place, name: str
) -> None:
    other = f"{name}b"
    for instance, status in ((name, "Disabled"), (other, "Enabled")):
        cron = {"expression": in_hours(sandbox, 1), "timeZone": "UTC"}
        schedule = {"action": "Stop", "status": status, "triggerType": "Cron", "cron": cron}
        schedules = {"computeStartStop": [schedule]}
        assert put(sandbox, workspace, instance, schedules=schedules).is_success
    sandbox.advance(timedelta(hours=1, minutes=1))
    wait_until(lambda: settings(sandbox, workspace, other)["state"] == "Stopped")
    assert settings(sandbox, workspace, name)["state"] == "Running"


def test_a_schedule_has_an_id_that_stays(
    sandbox: RunningSandbox, workspace: Place, name: str
) -> None:
    when = {"hours": [8], "minutes": [30], "weekDays": ["Monday"]}
    recurrence = {"frequency": "Week", "interval": 1, "schedule": when}
    schedule = {"action": "Start", "triggerType": "Recurrence", "recurrence": recurrence}
    ids = []
    for _ in range(2):
        assert put(sandbox, workspace, name, schedules={"computeStartStop": [schedule]}).is_success
        (told,) = settings(sandbox, workspace, name)["schedules"]["computeStartStop"]
        assert told["provisioningStatus"] == "Completed"
        ids.append(told["id"])
    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    "schedule",
    [
        {"action": "Stop", "triggerType": "Cron", "cron": {"expression": "now"}},
        {
            "action": "Stop",
            "triggerType": "Cron",
            "cron": {"expression": "0 8 * * *", "timeZone": "Asia/Seoul"},
        },
        {"action": "Stop", "triggerType": "Recurrence", "recurrence": {"frequency": "Hour"}},
    ],
)
def test_a_schedule_that_is_none_is_refused(
    sandbox: RunningSandbox, workspace: Place, name: str, schedule: dict[str, Any]
) -> None:
    answer = put(sandbox, workspace, name, schedules={"computeStartStop": [schedule]})
    assert target(answer) == "properties.properties.schedules.computeStartStop[0]"


def test_ssh_needs_a_key_and_has_the_services_port(
    sandbox: RunningSandbox, workspace: Place, name: str
) -> None:
    answer = put(sandbox, workspace, name, sshSettings={"sshPublicAccess": "Enabled"})
    assert target(answer) == "properties.properties.sshSettings.adminPublicKey"
    ssh = {"sshPublicAccess": "Enabled", "adminPublicKey": "ssh-rsa AAAA"}
    assert put(sandbox, workspace, name, sshSettings=ssh).is_success
    told = settings(sandbox, workspace, name)["sshSettings"]
    assert (told["adminUserName"], told["sshPort"]) == ("azureuser", 50000)


def test_a_script_is_kept_as_it_was_given(
    sandbox: RunningSandbox, workspace: Place, name: str
) -> None:
    data = base64.b64encode(b"echo hello").decode()
    for script, at in (
        ({"scriptSource": "inline", "scriptData": "echo"}, "scriptData"),
        ({"scriptSource": "elsewhere", "scriptData": data}, "scriptSource"),
        ({"scriptSource": "inline", "scriptData": data, "timeout": "soon"}, "timeout"),
    ):
        scripts = {"scripts": {"creationScript": script}}
        answer = put(sandbox, workspace, name, setupScripts=scripts)
        assert target(answer).endswith(f"setupScripts.scripts.creationScript.{at}")
    good = {"scriptSource": "inline", "scriptData": data, "timeout": "20m"}
    scripts = {"scripts": {"creationScript": good}}
    assert put(sandbox, workspace, name, setupScripts=scripts).is_success
    assert settings(sandbox, workspace, name)["setupScripts"] == scripts


@pytest.mark.parametrize(
    ("inner", "at"),
    [
        ({"enableNodePublicIp": False}, "enableNodePublicIp"),
        ({"vmSize": "Standard_DS2_v2"}, "vmSize"),
    ],
)
def test_what_it_was_made_with_stays(
    sandbox: RunningSandbox, workspace: Place, name: str, inner: dict[str, Any], at: str
) -> None:
    assert put(sandbox, workspace, name).is_success
    assert target(put(sandbox, workspace, name, **inner)) == f"properties.properties.{at}"


def test_a_subnet_must_be_there(sandbox: RunningSandbox, workspace: Place, name: str) -> None:
    subnet = f"{workspace.id.split('/providers/')[0]}/providers/Microsoft.Network/virtualNetworks"
    answer = put(sandbox, workspace, name, subnet={"id": f"{subnet}/v/subnets/s"})
    assert target(answer) == "properties.properties.subnet.id"


def test_a_name_longer_than_24_is_refused(sandbox: RunningSandbox, workspace: Place) -> None:
    assert target(put(sandbox, workspace, "a" * 25)) == "name"

"""What was granted a moment ago and is not seen yet does not make `up` fail:

- The workspace wants its identity's roles; `up` waits until they are seen, and completes.
- An identity that the directory does not know yet is no error, since its type is given.
- Whoever deploys without being allowed to is told so at once.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation.events import (
    DiagnosticEvent,
    EngineEvent,
    OpType,
    ResOutputsEvent,
    StepEventMetadata,
    StepEventStateMetadata,
)

from ops.late_grants import FIRST_PAUSE, LONGEST_PAUSE, PATIENCE, LateGrants
from tests import checkout
from tests.checkout import Done
from tests.ops.conftest import run_in
from tests.sandbox.conftest import RunningSandbox

OURS, DEPLOYER = "11111111-aaaa-4444-8888-000000000001", "11111111-aaaa-4444-8888-000000000002"
ASSIGNMENT = "azure-native:authorization:RoleAssignment"
NOT_ALLOWED = "AuthorizationFailed: The client with object id '{}' does not have authorization"
UP = ("up", "dev", "--no-policies", "--output", "json")
WAITS = "Azure does not see a role assignment yet; going on in 5 s"


def up(sandbox: RunningSandbox) -> Done:
    return run_in(sandbox, *UP)


def test_up_succeeds_though_grants_are_seen_late(
    start_sandbox: Callable[..., RunningSandbox], tmp_path: Path
) -> None:
    sandbox = start_sandbox(tracking=False)
    sandbox.admin("POST", "/faults", {"kind": "roles", "seconds": 86400})
    place = {"AMLOPS_TARGET": "sandbox", "AMLOPS_SANDBOX_DIR": str(sandbox.directory)}
    result = tmp_path / "result"
    told = []
    with (
        result.open("w") as output,
        subprocess.Popen(
            [*checkout.AMLOPS, *UP],
            cwd=checkout.ROOT,
            env=checkout.environment(checkout.ROOT, **place),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stderr
        for line in process.stderr:
            told.append(line)
            if WAITS in line:
                sandbox.admin("DELETE", "/faults")  # From now on they are seen.
    assert process.returncode == 0, told
    assert any(WAITS in line for line in told), told
    # What the first update made counts as made; in the second it was unchanged.
    changes = json.loads(result.read_text())["changes"]
    assert changes["create"] > changes.get("same", 0)
    again = up(sandbox)
    assert set(json.loads(again.stdout)["changes"]) == {"same"}


def test_a_principal_that_is_not_known_yet_is_no_error(
    start_sandbox: Callable[..., RunningSandbox],
) -> None:
    sandbox = start_sandbox(tracking=False)
    sandbox.admin("POST", "/faults", {"kind": "principals", "seconds": 3600})
    done = up(sandbox)
    assert done.returncode == 0, done.stderr
    assert "does not see" not in done.stderr


def made(kind: str, **inputs: Any) -> EngineEvent:
    state = StepEventStateMetadata(kind, "urn", "/id", "", "", inputs=inputs)
    metadata = StepEventMetadata(OpType.CREATE, "urn", kind, "", new=state)
    return EngineEvent(1, 0, res_outputs_event=ResOutputsEvent(metadata))


def refused(text: str) -> EngineEvent:
    return EngineEvent(1, 0, diagnostic_event=DiagnosticEvent(text, "", "error", urn="urn"))


def after(*events: EngineEvent) -> tuple[float, str] | None:
    late = LateGrants()
    for event in events:
        late.watch(event)
    return late.wait()


GRANTED = made(ASSIGNMENT, principalId=OURS)


ROLE = "azure-native:authorization:RoleDefinition"
NO_ROLE = "RoleDefinitionDoesNotExist: The specified role definition with ID '{}' does not exist."


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([GRANTED, refused(NOT_ALLOWED.format(OURS))], "a role assignment"),
        ([GRANTED, refused(NOT_ALLOWED.format(OURS)), refused("update failed")],
         "a role assignment"),
        ([made(ROLE, roleDefinitionId=OURS), refused(NO_ROLE.format(OURS.replace("-", "")))],
         "a role of our own"),
        ([made(ROLE, roleDefinitionId=OURS), refused(NO_ROLE.format(DEPLOYER))], None),
        ([GRANTED, refused(NOT_ALLOWED.format(DEPLOYER))], None),
        ([refused(NOT_ALLOWED.format(OURS))], None),
        ([GRANTED, refused("QuotaExceeded: too many cores")], None),
        ([GRANTED, refused(NOT_ALLOWED.format(OURS)), refused("QuotaExceeded: cores")], None),
        ([made("azure-native:storage:StorageAccount"), refused("PrincipalNotFound: who?")], None),
    ],
    ids=["ours", "beside the engine's last line", "a new role", "no such role", "who deploys",
         "nothing granted", "another reason", "one of two reasons", "something else was made"],
)  # fmt: skip
def test_only_what_was_just_granted_is_waited_for(
    events: list[EngineEvent], expected: str | None
) -> None:
    found = after(*events)
    assert found == (None if expected is None else (FIRST_PAUSE, expected))


def test_pauses_grow_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("ops.late_grants.time.monotonic", lambda: now)
    late = LateGrants()
    late.watch(GRANTED)
    pauses = []
    while True:
        late.watch(refused(NOT_ALLOWED.format(OURS)))
        wait = late.wait()
        if wait is None:
            break
        pauses.append(wait[0])
        now += wait[0]
    assert pauses[:5] == [5, 10, 20, 40, 60]
    assert pauses[-1] == LONGEST_PAUSE
    assert PATIENCE < sum(pauses) <= PATIENCE + LONGEST_PAUSE

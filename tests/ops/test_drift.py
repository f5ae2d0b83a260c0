"""Drift: found in every form, nothing changed by looking for it, and gone after an `up`."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from pulumi.automation.events import StepEventMetadata

from ops import cli, drift
from ops.drift import differences
from tests.ops.conftest import run_in
from tests.sandbox.conftest import RunningSandbox

URN = "urn:pulumi:dev::amlops::azure-native:storage:StorageAccount::storage-account"


def step(operation: str, old: Any, new: Any, diff: Any = None, diffs: Any = None) -> Any:
    state = {"urn": URN, "type": "t", "id": "i", "parent": "", "provider": ""}
    event = {
        "op": operation, "urn": URN, "type": "t", "provider": "",
        "old": {**state, "inputs": old, "outputs": old},
        "new": {**state, "inputs": new, "outputs": new} if new is not None else None,
        "detailedDiff": diff, "diffs": diffs,
    }  # fmt: skip
    return StepEventMetadata.from_json(event)


def changed(path: str) -> dict[str, Any]:
    return {path: {"diffKind": "update", "inputDiff": True}}


@pytest.mark.parametrize(
    ("path", "expected", "actual"),
    [
        ("sku.name", "LRS", "GRS"),
        ('tags["cost.centre"]', "1", "2"),
        ('tags["a\\"b"]', "q", None),
        ("rules[1].ip", "10.0.0.2", None),
        ("gone.deep", None, None),
    ],
)
def test_a_property_is_found_by_its_path(path: str, expected: Any, actual: Any) -> None:
    old = {"sku": {"name": "LRS"}, "tags": {"cost.centre": "1", 'a"b': "q"},
           "rules": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}]}  # fmt: skip
    new = {"sku": {"name": "GRS"}, "tags": {"cost.centre": "2"}, "rules": [{"ip": "10.0.0.1"}]}
    (found,) = differences(step("update", old, new, changed(path)))
    assert (found.kind, found.resource, found.property) == ("changed", "storage-account", path)
    assert (found.expected, found.actual) == (expected, actual)


def test_what_is_gone_and_what_is_the_same() -> None:
    (found,) = differences(step("delete", {"a": 1}, None))
    assert (found.kind, found.property) == ("deleted", "")
    assert differences(step("same", {"a": 1}, {"a": 1})) == []
    assert differences(step("refresh", {"a": 1}, {"a": 2})) == []


def test_a_provider_that_tells_no_details() -> None:
    (found,) = differences(step("update", {"a": 1}, {"a": 2}, diffs=["a"]))
    assert (found.property, found.expected, found.actual) == ("a", 1, 2)


@pytest.fixture(scope="module")
def place(start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    started = start_sandbox(tracking=False)
    done = run_in(started, "up", "dev", "--no-policies")
    assert done.returncode == 0, done.stderr
    return started


def state(place: RunningSandbox) -> str:
    done = run_in(place, "sandbox", "run", "--", "pulumi", "stack", "export", "-s", "dev")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_drift_is_told_changes_nothing_and_is_mended_by_up(place: RunningSandbox) -> None:
    done = run_in(place, "drift", "dev")
    assert (done.returncode, done.stdout.strip()) == (0, "no drift"), done.stderr

    group = f"/subscriptions/{place.subscription}/resourceGroups/rg-bikes-dev"
    body = place.arm("GET", group, version="2025-04-01").json()
    body["tags"]["owner"] = "somebody else"
    place.arm("PUT", group, {k: body[k] for k in ("location", "tags")}, version="2025-04-01")
    outputs = json.loads(run_in(place, "outputs", "dev", "--output", "json").stdout)
    name = outputs["endpoints"]["bike-rentals"]["name"]
    endpoint = f"{outputs['workspace']['id']}/onlineEndpoints/{name}"
    assert place.arm("DELETE", endpoint, version="2025-12-01").is_success
    foreign = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-foreign"
    place.arm("PUT", foreign, {"location": "eastus"}, version="2024-11-30")

    before = state(place)
    done = run_in(place, "drift", "dev", "--output", "json")
    assert done.returncode == 2, done.stderr
    found = json.loads(done.stdout)
    assert [(item["kind"], item["resource"]) for item in found] == [
        ("changed", "foundation-group"),
        ("created", "id-foreign"),
        ("deleted", "diagnostics-endpoint-bike-rentals"),
        ("deleted", "endpoints-bike-rentals"),
    ]
    assert (found[0]["property"], found[0]["actual"]) == ("tags.owner", "somebody else")
    assert found[0]["expected"] == "data-science"
    assert state(place) == before

    place.arm("DELETE", foreign, version="2024-11-30")
    assert run_in(place, "refresh", "dev").returncode == 0
    assert run_in(place, "up", "dev", "--no-policies").returncode == 0
    assert run_in(place, "drift", "dev").returncode == 0


def grant(place: RunningSandbox, scope: str, role: str, principal: str) -> str:
    at = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    definitions = f"/subscriptions/{place.subscription}/providers/Microsoft.Authorization"
    properties = {
        "roleDefinitionId": f"{definitions}/roleDefinitions/{role}",
        "principalId": principal,
        "principalType": "User",
    }
    done = place.arm("PUT", at, {"properties": properties}, version="2022-04-01")
    assert done.is_success, done.text
    return at


OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


def test_what_was_granted_by_hand_is_told_and_what_is_inherited_is_not(
    place: RunningSandbox,
) -> None:
    subscription = f"/subscriptions/{place.subscription}"
    group = f"{subscription}/resourceGroups/rg-bikes-dev"
    workspace = json.loads(run_in(place, "outputs", "dev", "--output", "json").stdout)["workspace"]
    somebody = str(uuid.uuid4())
    made = [
        grant(place, group, OWNER, somebody),
        grant(place, workspace["id"], READER, somebody),
        grant(place, subscription, READER, somebody),
    ]
    try:
        done = run_in(place, "drift", "dev", "--output", "json")
        assert done.returncode == 2, done.stderr
        found = json.loads(done.stdout)
        told = [(item["kind"], item["resource"], item["property"]) for item in found]
        assert told == [
            ("granted", workspace["name"], "Reader"),
            ("granted", "rg-bikes-dev", "Owner"),
        ]
        assert found[1]["actual"] == {
            "principal": somebody, "type": "User", "scope": group, "assignment": made[0],
        }  # fmt: skip
        shown = run_in(place, "drift", "dev").stdout
        assert f"User {somebody}" in shown
    finally:
        for assignment in made:
            place.arm("DELETE", assignment, version="2022-04-01")


def test_in_a_group_of_others_only_grants_on_the_stacks_own_are_drift() -> None:
    group = "/subscriptions/s/resourcegroups/theirs"
    ours = f"{group}/providers/microsoft.storage/storageaccounts/st"
    ids = frozenset({ours})
    assert drift.below(f"{ours}/blobservices/default/containers/data", ids)
    assert drift.below(ours, ids)
    assert not drift.below(group, ids)
    assert not drift.below(f"{ours}2", ids)


@pytest.mark.parametrize(("role", "told"), [("AcrPull", []), ("Owner", ["Owner"])])
def test_what_the_service_grants_to_an_endpoints_own_identity_is_no_drift(
    role: str, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/st"
    managed = [
        {"id": account, "custom": True},
        {"id": "e", "custom": True, "outputs": {"identity": {"principalId": "endpoint"}}},
    ]
    assignment = SimpleNamespace(
        id="a", scope=account, role_definition_id="d/1", principal_id="endpoint",
        principal_type="ServicePrincipal",
    )  # fmt: skip
    client = SimpleNamespace(
        role_assignments=SimpleNamespace(list_for_resource_group=lambda _: [assignment]),
        role_definitions=SimpleNamespace(
            list=lambda _: [SimpleNamespace(id="d/1", role_name=role)]
        ),
    )
    monkeypatch.setattr("azure.mgmt.authorization.AuthorizationManagementClient", lambda *_: client)
    platform: Any = SimpleNamespace(credential=None, subscription="s", group="g")
    assert [item.property for item in drift.granted(managed, platform)] == told


@pytest.mark.parametrize(
    ("managed_by", "told"), [("/ids/VM", []), ("/ids/other", ["osdisk"]), (None, ["osdisk"])]
)
def test_the_disk_of_a_machine_of_the_stack_is_no_drift(
    managed_by: str | None, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    managed = [
        {"id": "/ids/rg", "type": "azure-native:resources:ResourceGroup", "custom": True},
        {"id": "/ids/vm", "type": "azure-native:compute:VirtualMachine", "custom": True},
    ]
    disk = SimpleNamespace(
        id="/ids/osdisk", name="osdisk", type="Microsoft.Compute/disks", managed_by=managed_by
    )
    machine = SimpleNamespace(id="/ids/vm", name="vm", type="", managed_by=None)
    client = SimpleNamespace(
        resources=SimpleNamespace(list_by_resource_group=lambda _: [machine, disk])
    )
    monkeypatch.setattr("azure.mgmt.resource.resources.ResourceManagementClient", lambda *_: client)
    platform: Any = SimpleNamespace(credential=None, subscription="s", group="g")
    assert [item.resource for item in drift.created(managed, platform)] == told


def test_an_environment_that_is_not_there(place: RunningSandbox) -> None:
    done = run_in(place, "drift", "test")
    assert (done.returncode, done.stdout) == (1, "")
    assert "'test' is not provisioned here" in done.stderr


@pytest.mark.parametrize("arguments", [[], ["No_Such"], ["dev", "--nosuch"]])
def test_a_mistake_in_the_command_line_is_no_drift(arguments: list[str]) -> None:
    done = CliRunner().invoke(cli.main, ["drift", *arguments])
    assert done.exit_code == 1
    assert "Error: " in done.output

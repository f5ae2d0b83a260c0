"""Resource groups: cascade, listings, paging, locks, the activity log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.sandbox.conftest import RunningSandbox
from tests.sandbox.resources.conftest import Clients, code

EAST = {"location": "eastus"}


def test_a_group_is_made_updated_listed_and_deleted(clients: Clients, unique: str) -> None:
    groups, name = clients.resources.resource_groups, f"rg-{unique}"
    assert groups.create_or_update(name, {**EAST, "tags": {"a": "1"}}).tags == {"a": "1"}
    assert groups.check_existence(name)
    assert groups.update(name, {"tags": {"b": "2"}}).tags == {"b": "2"}
    assert name in [item.name for item in groups.list()]
    with pytest.raises(HttpResponseError) as moved:
        groups.create_or_update(name, {"location": "westus"})
    assert code(moved) == (409, "InvalidResourceLocation")
    groups.begin_delete(name).result()
    assert not groups.check_existence(name)
    with pytest.raises(ResourceNotFoundError) as gone:
        groups.get(name)
    assert code(gone) == (404, "ResourceGroupNotFound")


def test_deleting_a_group_deletes_what_is_in_it(clients: Clients, unique: str) -> None:
    name = f"rg-{unique}"
    clients.resources.resource_groups.create_or_update(name, EAST)
    identities = clients.identities.user_assigned_identities
    identity = identities.create_or_update(name, f"id-{unique}", EAST)
    clients.resources.resource_groups.begin_delete(name).result()
    clients.resources.resource_groups.create_or_update(name, EAST)
    with pytest.raises(ResourceNotFoundError):
        identities.get(name, identity.name)
    clients.resources.resource_groups.begin_delete(name).result()


def test_resources_are_filtered_and_paged(clients: Clients, group: str, unique: str) -> None:
    identities = clients.identities.user_assigned_identities
    for number in range(3):
        body = {**EAST, "tags": {"number": str(number)}}
        identities.create_or_update(group, f"id-{unique}-{number}", body)
    clients.logs.workspaces.begin_create_or_update(group, f"log-{unique}", EAST).result()

    def names(**options: object) -> list[str]:
        found = clients.resources.resources.list_by_resource_group(group, **options)
        return sorted(item.name for item in found)

    numbered = [f"id-{unique}-{number}" for number in range(3)]
    assert names() == [*numbered, f"log-{unique}"]
    kind = "resourceType eq 'Microsoft.ManagedIdentity/userAssignedIdentities'"
    assert names(filter=kind) == numbered
    assert names(filter="tagName eq 'number' and tagValue eq '1'") == [numbered[1]]
    pages = list(clients.resources.resources.list_by_resource_group(group, top=3).by_page())
    assert [len(list(page)) for page in pages] == [3, 1]


def test_locks_hold_for_what_is_below_them(clients: Clients, group: str, unique: str) -> None:
    locks = clients.locks.management_locks
    identities = clients.identities.user_assigned_identities
    identities.create_or_update(group, f"id-{unique}", EAST)
    locks.create_or_update_at_resource_group_level(group, "keep", {"level": "CanNotDelete"})
    attempts: list[Callable[[], object]] = [
        lambda: clients.resources.resource_groups.begin_delete(group),
        lambda: identities.delete(group, f"id-{unique}"),
    ]
    for attempt in attempts:
        with pytest.raises(HttpResponseError) as locked:
            attempt()
        assert code(locked) == (409, "ScopeLocked")
    identities.update(group, f"id-{unique}", {"tags": {"still": "writable"}})
    locks.create_or_update_at_resource_group_level(group, "read", {"level": "ReadOnly"})
    with pytest.raises(HttpResponseError) as read_only:
        identities.create_or_update(group, f"id-{unique}-2", EAST)
    assert code(read_only) == (409, "ScopeLocked")
    assert {lock.name for lock in locks.list_at_resource_group_level(group)} == {"keep", "read"}
    for name in ("read", "keep"):
        locks.delete_at_resource_group_level(group, name)
    identities.delete(group, f"id-{unique}")


def test_a_lock_on_a_resource_keeps_its_group(clients: Clients, group: str, unique: str) -> None:
    locks = clients.locks.management_locks
    identity = clients.identities.user_assigned_identities.create_or_update(
        group, f"id-{unique}", EAST
    )
    locks.create_or_update_by_scope(identity.id, "keep", {"level": "CanNotDelete"})
    with pytest.raises(HttpResponseError) as locked:
        clients.resources.resource_groups.begin_delete(group)
    assert code(locked) == (409, "ScopeLocked")
    locks.delete_by_scope(identity.id, "keep")


def test_the_activity_log_tells_who_did_what(
    sandbox: RunningSandbox, clients: Clients, group: str, unique: str
) -> None:
    clients.identities.user_assigned_identities.create_or_update(group, f"id-{unique}", EAST)
    with pytest.raises(HttpResponseError):
        clients.resources.resource_groups.create_or_update(group, {"location": "westus"})
    path = (
        f"/subscriptions/{sandbox.subscription}/providers/Microsoft.Insights/eventtypes/"
        "management/values?$filter="
    )
    now = datetime.fromisoformat(sandbox.admin("GET", "/clock")["now"])
    hour_ago = (now - timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    wanted = f"eventTimestamp ge '{hour_ago}' and resourceGroupName eq '{group}'"
    answer = sandbox.arm("GET", path + wanted, version="2015-04-01").json()["value"]
    events = [
        (event["operationName"]["value"].split("/", 1)[1], event["status"]["value"])
        for event in answer
    ]
    assert events[0] == ("resourceGroups/write", "Failed")
    assert ("userAssignedIdentities/write", "Accepted") in events
    assert "cannot be moved" in answer[0]["properties"]["statusMessage"]
    assert {event["caller"] for event in answer} != {""}
    later = (now + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    none = f"eventTimestamp ge '{later}' and resourceGroupName eq '{group}'"
    assert sandbox.arm("GET", path + none, version="2015-04-01").json()["value"] == []
    refused = sandbox.arm("GET", path + "colour eq 'red'", version="2015-04-01")
    assert refused.status_code == 400


def test_tags_at_a_scope_are_the_tags_of_what_is_there(
    clients: Clients, group: str, unique: str
) -> None:
    identity = clients.identities.user_assigned_identities.create_or_update(
        group, f"id-{unique}", {**EAST, "tags": {"a": "1"}}
    )
    tags = clients.resources.tags
    assert tags.get_at_scope(identity.id).properties.tags == {"a": "1"}

    def change(operation: str, **given: str) -> object:
        body = {"operation": operation, "properties": {"tags": given}}
        return tags.begin_update_at_scope(identity.id, body).result().properties.tags

    assert change("Merge", b="2") == {"a": "1", "b": "2"}
    assert change("Delete", a="1") == {"b": "2"}
    assert change("Replace", c="3") == {"c": "3"}
    read = clients.identities.user_assigned_identities.get(group, identity.name)
    assert read.tags == {"c": "3"}
    tags.begin_create_or_update_at_scope(identity.id, {"properties": {"tags": {"d": "4"}}}).result()
    tags.begin_delete_at_scope(identity.id).result()
    assert not tags.get_at_scope(identity.id).properties.tags
    mistyped = clients.sandbox.arm(
        "PUT",
        f"{identity.id}/providers/Microsoft.Resources/tags/default",
        {"properties": {"tags": {"a": ["x"]}}},
        version="2022-09-01",
    )
    assert mistyped.json()["error"]["target"] == "properties.tags.a"


def test_a_subscriptions_tags_are_counted(clients: Clients, group: str, unique: str) -> None:
    identities = clients.identities.user_assigned_identities
    for number, value in enumerate(("x", "x", "y")):
        body = {**EAST, "tags": {f"tag-{unique}": value}}
        identities.create_or_update(group, f"id-{unique}-{number}", body)
    (found,) = [tag for tag in clients.resources.tags.list() if tag.tag_name == f"tag-{unique}"]
    assert found.count.value == 3
    assert {one.tag_value: one.count.value for one in found.values_property} == {"x": 2, "y": 1}

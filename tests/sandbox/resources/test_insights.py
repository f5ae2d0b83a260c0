"""Log Analytics and Application Insights."""

from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.sandbox.resources.conftest import Clients, code


def test_a_log_analytics_workspace_comes_back_as_it_was(
    clients: Clients, group: str, unique: str
) -> None:
    logs, name = clients.logs.workspaces, f"log-{unique}"
    body = {"location": "eastus", "properties": {"retentionInDays": 60}}
    made = logs.begin_create_or_update(group, name, body).result()
    keys = clients.logs.shared_keys.get_shared_keys(group, name)
    assert keys.primary_shared_key
    logs.begin_delete(group, name).result()
    with pytest.raises(ResourceNotFoundError):
        logs.get(group, name)
    deleted = clients.logs.deleted_workspaces
    assert [item.name for item in deleted.list_by_resource_group(group)] == [name]
    assert name in [item.name for item in deleted.list()]
    again = logs.begin_create_or_update(group, name, {"location": "eastus"}).result()
    assert again.customer_id == made.customer_id
    assert list(deleted.list_by_resource_group(group)) == []


def test_force_leaves_nothing_of_a_log_analytics_workspace(
    clients: Clients, group: str, unique: str
) -> None:
    logs, name = clients.logs.workspaces, f"log-{unique}"
    first = logs.begin_create_or_update(group, name, {"location": "eastus"}).result()
    logs.begin_delete(group, name, force=True).result()
    assert list(clients.logs.deleted_workspaces.list_by_resource_group(group)) == []
    again = logs.begin_create_or_update(group, name, {"location": "eastus"}).result()
    assert again.customer_id != first.customer_id


def test_a_component_stands_on_its_workspace(clients: Clients, group: str, unique: str) -> None:
    logs = clients.logs.workspaces.begin_create_or_update(
        group, f"log-{unique}", {"location": "eastus"}
    ).result()
    components, name = clients.insights.components, f"appi-{unique}"
    body = {
        "location": "eastus",
        "kind": "web",
        "properties": {"Application_Type": "web", "WorkspaceResourceId": logs.id},
    }
    made = components.create_or_update(group, name, body)
    assert made.instrumentation_key in made.connection_string
    assert components.get(group, name).app_id == made.app_id
    components.delete(group, name)
    with pytest.raises(ResourceNotFoundError):
        components.get(group, name)
    body["properties"]["WorkspaceResourceId"] = f"{logs.id}-not"  # type: ignore[index]
    with pytest.raises(HttpResponseError) as refused:
        components.create_or_update(group, name, body)
    assert code(refused) == (400, "InvalidResourceReference")

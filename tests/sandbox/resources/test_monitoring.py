"""Diagnostic settings, action groups and alert rules."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.sandbox.conftest import RunningSandbox
from tests.sandbox.resources.conftest import Clients, code


@pytest.fixture
def logs(clients: Clients, group: str, unique: str) -> str:
    """The id of a Log Analytics workspace."""
    workspaces = clients.logs.workspaces
    made = workspaces.begin_create_or_update(group, f"log-{unique}", {"location": "eastus"})
    return str(made.result().id)


@pytest.fixture
def account(clients: Clients, group: str, unique: str) -> str:
    """The id of a storage account."""
    body = {"location": "eastus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    made = clients.storage.storage_accounts.begin_create(group, f"st{unique}", body)
    return str(made.result().id)


@pytest.fixture
def action_group(clients: Clients, group: str) -> str:
    from azure.mgmt.monitor.v2023_01_01 import models

    wanted = models.ActionGroupResource(
        location="Global",
        group_short_name="ops",
        enabled=True,
        email_receivers=[models.EmailReceiver(name="me", email_address="me@example.com")],
    )
    return str(clients.monitor.action_groups.create_or_update(group, "ag-ops", wanted).id)


def setting(workspace: str, **properties: Any) -> dict[str, Any]:
    return {"properties": {"workspaceId": workspace, **properties}}


def put(sandbox: RunningSandbox, subject: str, name: str, body: dict[str, Any]) -> Any:
    path = f"{subject}/providers/Microsoft.Insights/diagnosticSettings/{name}"
    return sandbox.arm("PUT", path, body, version="2021-05-01-preview")


def test_a_group_of_categories_stays_a_group(clients: Clients, logs: str, account: str) -> None:
    from azure.mgmt.monitor.v2021_05_01_preview.models import (
        DiagnosticSettingsResource,
        LogSettings,
    )

    subject = f"{account}/blobServices/default"
    settings = clients.monitor.diagnostic_settings
    wanted = DiagnosticSettingsResource(
        workspace_id=logs, logs=[LogSettings(category_group="allLogs", enabled=True)]
    )
    settings.create_or_update(subject, "all", wanted)
    found = settings.get(subject, "all")
    assert [(log.category_group, log.enabled) for log in found.logs] == [("allLogs", True)]
    assert found.logs[0].retention_policy.days == 0
    assert [item.name for item in settings.list(subject)] == ["all"]
    settings.delete(subject, "all")
    with pytest.raises(ResourceNotFoundError):
        settings.get(subject, "all")


def test_categories_not_asked_for_are_answered_as_off(
    sandbox: RunningSandbox, logs: str, account: str
) -> None:
    metrics = [{"category": "Transaction", "enabled": True}]
    answer = put(sandbox, account, "some", setting(logs, metrics=metrics)).json()
    shown = {m["category"]: m["enabled"] for m in answer["properties"]["metrics"]}
    assert shown == {"Transaction": True, "Capacity": False}


def test_the_categories_of_a_resource_are_listed(clients: Clients, account: str) -> None:
    found = clients.monitor.diagnostic_settings_category.list(f"{account}/blobServices/default")
    kinds = {item.name: item.category_type for item in found}
    assert kinds["StorageRead"] == "Logs"
    assert kinds["Transaction"] == "Metrics"


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"logs": [{"category": "AuditEvent", "enabled": True}]}, "'AuditEvent' is not supported"),
        ({"logs": [{"categoryGroup": "all", "enabled": True}]}, "supported are: allLogs, audit"),
        ({"logs": [{"enabled": True}]}, "either category or categoryGroup"),
        ({"workspaceId": None}, "At least one of"),
        ({"workspaceId": "/subscriptions/x/resourceGroups/y"}, "was not found"),
    ],
)
def test_what_a_resource_does_not_send_is_refused(
    sandbox: RunningSandbox, logs: str, account: str, properties: dict[str, Any], expected: str
) -> None:
    answer = put(sandbox, f"{account}/blobServices/default", "x", setting(logs, **properties))
    assert answer.status_code == 400
    assert expected in answer.json()["error"]["message"]


def test_a_resource_without_diagnostics_is_refused(
    sandbox: RunningSandbox, clients: Clients, group: str, logs: str
) -> None:
    identity = clients.identities.user_assigned_identities.create_or_update(
        group, "id-x", {"location": "eastus"}
    )
    answer = put(sandbox, identity.id, "x", setting(logs))
    assert answer.json()["error"]["code"] == "ResourceTypeNotSupported"


def test_one_sink_takes_a_category_once(sandbox: RunningSandbox, logs: str, account: str) -> None:
    body = setting(logs, metrics=[{"category": "Transaction", "enabled": True}])
    assert put(sandbox, account, "one", body).is_success
    assert put(sandbox, account, "one", body).is_success
    again = put(sandbox, account, "two", body)
    assert again.status_code == 409
    assert "already used in diagnostic setting 'one'" in again.json()["error"]["message"]


def test_an_action_group_tells_who_is_told(clients: Clients, group: str, action_group: str) -> None:
    found = clients.monitor.action_groups.get(group, "ag-ops")
    assert found.id == action_group
    assert [(r.email_address, r.status) for r in found.email_receivers] == [
        ("me@example.com", "Enabled")
    ]
    assert found.sms_receivers == []


def metric_alert(scope: str, action_group: str) -> Any:
    from azure.mgmt.monitor.v2018_03_01 import models

    criterion = models.MetricCriteria(
        name="availability",
        metric_name="Availability",
        metric_namespace="Microsoft.Storage/storageAccounts",
        operator="LessThan",
        threshold=99,
        time_aggregation="Average",
    )
    return models.MetricAlertResource(
        location="global",
        severity=2,
        enabled=True,
        scopes=[scope],
        evaluation_frequency="PT5M",
        window_size="PT15M",
        criteria=models.MetricAlertSingleResourceMultipleMetricCriteria(all_of=[criterion]),
        actions=[models.MetricAlertAction(action_group_id=action_group)],
    )


def test_a_metric_alert_is_made_read_and_deleted(
    clients: Clients, group: str, account: str, action_group: str
) -> None:
    alerts = clients.monitor.metric_alerts
    alerts.create_or_update(group, "availability", metric_alert(account, action_group))
    found = alerts.get(group, "availability")
    assert found.auto_mitigate is True
    assert found.criteria.all_of[0].metric_name == "Availability"
    alerts.delete(group, "availability")
    assert list(alerts.list_by_resource_group(group)) == []


@pytest.mark.parametrize("part", ["scope", "action"])
def test_an_alert_on_nothing_or_for_nobody_is_refused(
    clients: Clients, group: str, account: str, action_group: str, part: str
) -> None:
    wanted = (
        metric_alert(f"{account}x", action_group)
        if part == "scope"
        else metric_alert(account, f"{action_group}x")
    )
    with pytest.raises(HttpResponseError, match="was not found") as refused:
        clients.monitor.metric_alerts.create_or_update(group, "x", wanted)
    assert code(refused) == (400, "InvalidResourceReference")


def test_an_activity_log_alert_watches_a_group(
    sandbox: RunningSandbox, clients: Clients, group: str, action_group: str
) -> None:
    from azure.mgmt.monitor.v2020_10_01 import models

    scope = f"/subscriptions/{sandbox.subscription}/resourceGroups/{group}"
    leaf = models.AlertRuleAnyOfOrLeafCondition(field="category", equals="Administrative")
    wanted = models.ActivityLogAlertResource(
        location="global",
        scopes=[scope, f"/subscriptions/{sandbox.subscription}"],
        condition=models.AlertRuleAllOfCondition(all_of=[leaf]),
        actions=models.ActionList(action_groups=[models.ActionGroup(action_group_id=action_group)]),
    )
    alerts = clients.monitor.activity_log_alerts
    alerts.create_or_update(group, "deletions", wanted)
    assert alerts.get(group, "deletions").enabled is True


def test_a_query_rule_needs_its_times(
    clients: Clients, group: str, logs: str, action_group: str
) -> None:
    from azure.mgmt.monitor.v2022_08_01_preview import models

    condition = models.Condition(
        query="AmlRunStatusChangedEvent | where Status == 'Failed'",
        time_aggregation="Count",
        operator="GreaterThan",
        threshold=0,
    )
    wanted = models.ScheduledQueryRuleResource(
        location="eastus",
        scopes=[logs],
        severity=2,
        evaluation_frequency="PT15M",
        window_size="PT15M",
        criteria=models.ScheduledQueryRuleCriteria(all_of=[condition]),
        actions=models.Actions(action_groups=[action_group]),
    )
    rules = clients.monitor.scheduled_query_rules
    assert rules.create_or_update(group, "failed", wanted).kind == "LogAlert"
    wanted.window_size = None
    with pytest.raises(HttpResponseError, match="needs 'windowSize'"):
        rules.create_or_update(group, "failed", wanted)

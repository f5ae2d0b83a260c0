"""What watches over an environment:

- Whatever can sends its logs to Log Analytics, by group, so that a new category is no difference.
- Every rule of alerts.yaml becomes an alert that tells the people of the stack file, unless it is
  off; thresholds are the file's, else the table's.
- Events go where the stack file says, with the topic's identity; what does not arrive is kept.
- A budget tells at 50, 80 and 100 per cent and of a forecast, and its start never moves.
- Without settings for them there are no alerts, no events, no budget.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from infra.settings import ActivityRule, MetricRule, QueryRule, alert_rules, table
from tests.infra import mocks
from tests.infra.every_compute import ATTACHED
from tests.infra.mocks import Plan, plan, settings

ME = ["me@example.com"]
HUB = (
    "/subscriptions/1f1e1d1c-1b1a-4918-8716-151413121110/resourceGroups/rg/providers/"
    "Microsoft.EventHub/namespaces/ns/eventhubs/ml"
)
WATCHED: dict[str, Any] = {
    "alerts": {"emails": ME, "webhook": "https://example.com/hook"},
    "budget": {"monthly": 200},
    "endpoints": {"bikes": {}, "churn": {}},
    "events": {
        "jobs": {"types": ["RunCompleted"], "queue": "ml-events", "subject": "experiments/rides"},
        "models": {"queue": "ml-events"},
        "hook": {"webhook": "https://example.com/events"},
        "hub": {"event_hub": HUB},
    },
    "registry": {"create": "now"},
}
ALERTS = ("monitor:MetricAlert", "monitor:ActivityLogAlert", "monitor:ScheduledQueryRule")


def watched(**changes: Any) -> Plan:
    return plan(settings(**{**WATCHED, **changes}))


@pytest.fixture(scope="module")
def planned() -> Plan:
    return watched()


def alerts(of: Plan) -> dict[str, dict[str, Any]]:
    return {r.name: r.inputs for kind in ALERTS for r in of.of_type(kind)}


def test_whatever_can_sends_its_logs(planned: Plan) -> None:
    sent = {r.name: r.inputs for r in planned.of_type("monitor:DiagnosticSetting")}
    assert {name.removeprefix("diagnostics-") for name in sent} >= {
        "workspace",
        "vault",
        "logs",
        "storage",
        "storage-blobs",
        "storage-files",
        "storage-queues",
        "container-registry",
        "endpoint-bikes",
        "endpoint-churn",
        "events",
    }
    for name, setting in sent.items():
        assert setting["workspaceId"] == "/id/of/log-bikes-dev", name
        assert all(set(log) == {"categoryGroup", "enabled"} for log in setting["logs"]), name
    blobs = sent["diagnostics-storage-blobs"]
    assert blobs["resourceUri"].endswith("/blobServices/default")
    assert blobs["logs"] == [{"categoryGroup": "allLogs", "enabled": True}]
    assert sent["diagnostics-storage"]["logs"] == []


def test_addresses_and_interfaces_that_are_made_are_watched() -> None:
    nat = {r.name for r in watched(network={"mode": "own"}).of_type("monitor:DiagnosticSetting")}
    assert "diagnostics-address-nat" in nat
    machine = watched(attached={"box": ATTACHED["box"]})
    sent = {r.name: r.inputs for r in machine.of_type("monitor:DiagnosticSetting")}
    address, interface = (
        sent[f"diagnostics-{name}"] for name in ("address-machine-box", "interface-box")
    )
    assert address["resourceUri"] == "/id/of/pip-bikes-dev-box"
    assert [log["categoryGroup"] for log in address["logs"]] == ["allLogs"]
    assert (interface["resourceUri"], interface["logs"]) == ("/id/of/nic-bikes-dev-box", [])


def test_diagnostics_can_be_off() -> None:
    off = watched(diagnostics=False)
    assert off.of_type("monitor:DiagnosticSetting") == []
    # A question to logs that nobody sends would never have an answer.
    assert off.of_type("monitor:ScheduledQueryRule") == []
    assert off.of_type("monitor:MetricAlert")


def test_every_rule_becomes_an_alert(planned: Plan) -> None:
    found = alerts(planned)
    for key, rule in alert_rules().items():
        if isinstance(rule, MetricRule) and rule.of == "endpoints":
            assert {f"alerts-{key}-bikes", f"alerts-{key}-churn"} <= found.keys()
        else:
            assert f"alerts-{key}" in found


def test_every_alert_tells_the_people(planned: Plan) -> None:
    people = planned.only("monitor:ActionGroup").inputs
    assert [r["emailAddress"] for r in people["emailReceivers"]] == ME
    assert people["webhookReceivers"][0]["serviceUri"] == "https://example.com/hook"
    assert len(people["groupShortName"]) <= 12
    for name, alert in alerts(planned).items():
        assert "/id/of/ag-bikes-dev" in str(alert["actions"]), name
        assert alert["enabled"] is True, name
        assert len(alert["description"]) > 10, name


def test_a_metric_is_that_of_the_resource(planned: Plan) -> None:
    alert = alerts(planned)["alerts-endpoint-errors-bikes"]
    (criterion,) = alert["criteria"]["allOf"]
    assert alert["scopes"][0].startswith("/id/of/bikes-dev-")
    assert criterion["metricNamespace"].endswith("/onlineEndpoints")
    assert criterion["dimensions"] == [
        {"name": "statusCodeClass", "operator": "Include", "values": ["5xx"]}
    ]
    assert (alert["windowSize"], alert["evaluationFrequency"]) == ("PT15M", "PT5M")


def test_thresholds_are_the_stack_files_else_the_tables() -> None:
    chosen = {"emails": ME, "thresholds": {"endpoint-latency": 250, "failed-runs": "off"}}
    found = alerts(watched(alerts=chosen))
    (latency,) = found["alerts-endpoint-latency-bikes"]["criteria"]["allOf"]
    (quota,) = found["alerts-quota"]["criteria"]["allOf"]
    assert latency["threshold"] == 250
    assert quota["threshold"] == table("alerts.yaml")["quota"]["threshold"]
    assert "alerts-failed-runs" not in found


def test_a_bare_off_is_off_for_both_readers() -> None:
    for value in (False, "off"):
        chosen = {"emails": ME, "thresholds": {"quota": value}}
        assert "alerts-quota" not in alerts(watched(alerts=chosen))


def test_what_people_do_is_watched_in_the_group(planned: Plan) -> None:
    roles = alerts(planned)["alerts-roles-changed"]
    assert roles["scopes"] == ["/id/of/rg-bikes-dev"]
    category, operations = roles["condition"]["allOf"]
    assert category == {"field": "category", "equals": "Administrative"}
    assert len(operations["anyOf"]) == 2
    deleted = alerts(planned)["alerts-workspace-deleted"]["condition"]["allOf"][1]
    assert deleted["equals"] == "Microsoft.MachineLearningServices/workspaces/delete"


def test_the_table_of_rules_is_whole() -> None:
    kinds = {type(rule) for rule in alert_rules().values()}
    assert kinds == {MetricRule, ActivityRule, QueryRule}
    for rule in alert_rules().values():
        if not isinstance(rule, ActivityRule):
            assert rule.every <= rule.window


def subscriptions(of: Plan) -> dict[str, dict[str, Any]]:
    kind = "eventgrid:SystemTopicEventSubscription"
    return {r.inputs["eventSubscriptionName"]: r.inputs for r in of.of_type(kind)}


def test_events_go_where_the_stack_file_says(planned: Plan) -> None:
    found = subscriptions(planned)
    assert found.keys() == WATCHED["events"].keys()
    jobs = found["jobs"]
    assert jobs["filter"]["includedEventTypes"] == [
        "Microsoft.MachineLearningServices.RunCompleted"
    ]
    assert jobs["filter"]["subjectBeginsWith"] == "experiments/rides"
    place = jobs["deliveryWithResourceIdentity"]
    assert place["identity"] == {"type": "SystemAssigned"}
    assert place["destination"]["queueName"] == "ml-events"
    assert found["hub"]["deliveryWithResourceIdentity"]["destination"]["resourceId"] == HUB
    assert found["hook"]["destination"]["endpointUrl"] == "https://example.com/events"
    assert len(found["models"]["filter"]["includedEventTypes"]) == 5
    for subscription in found.values():
        letters = subscription["deadLetterWithResourceIdentity"]["deadLetterDestination"]
        assert letters["blobContainerName"] == "event-dead-letters"


def test_two_subscriptions_share_a_queue(planned: Plan) -> None:
    assert planned.only("storage:Queue").inputs["queueName"] == "ml-events"
    assert planned.outputs["queues"] == ["ml-events"]


def test_the_topic_may_deliver_before_anybody_subscribes(planned: Plan) -> None:
    grants = {r.name: r.inputs for r in planned.of_type("authorization:RoleAssignment")}
    names = {name for name in grants if name.startswith("events-roles-")}
    assert names == {f"events-roles-events-{key}" for key in ("dead-letters", "queues", "to-hub")}
    hub = grants["events-roles-events-to-hub"]
    assert hub["scope"] == HUB
    assert hub["roleDefinitionId"].startswith(HUB[: HUB.index("/resourceGroups")])
    for subscription in planned.of_type("eventgrid:SystemTopicEventSubscription"):
        assert names <= set(subscription.dependencies)


def test_a_budget_tells_in_time(planned: Plan) -> None:
    budget = planned.only("consumption:Budget").inputs
    assert budget["scope"] == "/id/of/rg-bikes-dev"
    assert budget["amount"] == 200
    told = {(n["thresholdType"], n["threshold"]) for n in budget["notifications"].values()}
    assert told == {("Actual", 50), ("Actual", 80), ("Actual", 100), ("Forecasted", 100)}
    for notification in budget["notifications"].values():
        assert notification["contactGroups"] == ["/id/of/ag-bikes-dev"]


def test_a_budget_without_alerts_tells_its_own_people() -> None:
    budget = watched(alerts=None, budget={"monthly": 9.5, "emails": ME}).only("consumption:Budget")
    assert len(budget.inputs["notifications"]) == 4
    for notification in budget.inputs["notifications"].values():
        assert notification["contactEmails"] == ME
        assert notification["contactGroups"] == []


@pytest.mark.parametrize(
    ("today", "start"),
    [(date(2026, 11, 23), "2026-11-01T00:00:00Z"), (date(2027, 1, 1), "2027-01-01T00:00:00Z")],
)
def test_a_budget_begins_with_its_month_and_stays(
    today: date, start: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mocks, "TODAY", today)
    budget = watched().only("consumption:Budget")
    assert budget.inputs["timePeriod"] == {"startDate": start}
    assert budget.ignore_changes == ("timePeriod",)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("alerts", "monitor:ActionGroup"),
        ("events", "eventgrid:SystemTopic"),
        ("budget", "consumption:Budget"),
    ],
)
def test_nothing_watches_unasked(name: str, kind: str) -> None:
    assert plan(settings()).of_type(kind) == []
    assert watched(**{name: {} if name == "events" else None, "budget": None}).of_type(kind) == []


@pytest.mark.parametrize(
    ("endpoint", "check"),
    [
        ({"identity": "own"}, lambda inputs: inputs["identity"] == {"type": "SystemAssigned"}),
        ({"tags": {"team": "rides"}}, lambda inputs: inputs["tags"]["team"] == "rides"),
        ({}, lambda inputs: inputs["properties"]["publicNetworkAccess"] == "Enabled"),
        (
            {"public_access": False},
            lambda inputs: inputs["properties"]["publicNetworkAccess"] == "Disabled",
        ),
    ],
)
def test_an_endpoint_follows_its_settings(
    endpoint: dict[str, Any], check: Callable[[dict[str, Any]], bool]
) -> None:
    found = plan(settings(endpoints={"bikes": endpoint}))
    assert check(found.only("machinelearningservices:OnlineEndpoint").inputs)


def test_a_batch_endpoint_leaves_its_default_to_others() -> None:
    found = plan(settings(batch_endpoints={"nightly": {"description": "Every night"}}))
    endpoint = found.only("machinelearningservices:BatchEndpoint")
    assert endpoint.inputs["properties"] == {
        "authMode": "AADToken",
        "description": "Every night",
    }
    assert "properties.defaults" in endpoint.ignore_changes
    assert found.outputs["batchEndpoints"]["nightly"].startswith("nightly-dev-")

"""Budgets on a resource group."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.sandbox.conftest import RunningSandbox
from tests.sandbox.resources.conftest import Clients, code


def budget(start: str = "2026-11-01T00:00:00Z", **notification: Any) -> dict[str, Any]:
    told = {
        "enabled": True,
        "operator": "GreaterThanOrEqualTo",
        "threshold": 80,
        "contactEmails": ["me@example.com"],
        **notification,
    }
    return {
        "properties": {
            "category": "Cost",
            "amount": 200,
            "timeGrain": "Monthly",
            "timePeriod": {"startDate": start},
            "notifications": {"actual-80": told},
        }
    }


@pytest.fixture
def scope(sandbox: RunningSandbox, group: str) -> str:
    return f"/subscriptions/{sandbox.subscription}/resourceGroups/{group}"


def test_a_budget_is_made_read_and_deleted(clients: Clients, scope: str) -> None:
    budgets = clients.budgets.budgets
    made = budgets.create_or_update(scope, "monthly", budget())
    assert made.time_period.end_date.year == 2036
    found = budgets.get(scope, "monthly")
    assert found.amount == 200
    assert found.current_spend.amount == 0
    assert found.notifications["actual-80"].threshold_type == "Actual"
    budgets.delete(scope, "monthly")
    with pytest.raises(ResourceNotFoundError):
        budgets.get(scope, "monthly")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (budget("2026-11-02T00:00:00Z"), "first of a month"),
        (budget("2017-05-01T00:00:00Z"), "on or after June 1, 2017"),
        (budget(contactEmails=[]), "nobody to tell"),
        (budget(threshold=1001), "at most 1000"),
        (budget(contactGroups=["/subscriptions/s/resourceGroups/g/providers/a/b/c"]), "not found"),
    ],
)
def test_what_no_budget_can_be_is_refused(
    clients: Clients, scope: str, body: dict[str, Any], expected: str
) -> None:
    with pytest.raises(HttpResponseError, match=expected) as refused:
        clients.budgets.budgets.create_or_update(scope, "monthly", body)
    assert code(refused)[0] == 400


def test_a_budgets_start_stays(clients: Clients, scope: str) -> None:
    budgets = clients.budgets.budgets
    budgets.create_or_update(scope, "monthly", budget())
    with pytest.raises(HttpResponseError, match="cannot be changed"):
        budgets.create_or_update(scope, "monthly", budget("2026-12-01T00:00:00Z"))

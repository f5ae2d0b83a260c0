"""A deployment with Application Insights reports its requests there."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from tests.sandbox.conftest import Place, RunningSandbox, wait_until


def test_requests_are_reported_to_the_workspaces_application_insights(
    sandbox: RunningSandbox, workspace: Place, deploy: Callable[..., Any], score: Callable[..., Any]
) -> None:
    root = workspace.id.split("/providers/")[0]
    at = f"{root}/providers/Microsoft.Insights/components/appi-serving"
    body = {
        "location": "eastus",
        "kind": "web",
        "properties": {"Application_Type": "web", "IngestionMode": "ApplicationInsights"},
    }
    made = sandbox.arm("PUT", at, body, version="2020-02-02")
    assert made.is_success, made.text
    patch = {"properties": {"applicationInsights": at}}
    joined = sandbox.arm("PATCH", workspace.id, patch, version="2025-12-01")
    assert joined.is_success, joined.text

    deploy("blue", app_insights_enabled=True)
    assert score({"data": [1]}, azureml_model_deployment="blue").status_code == 200
    key = sandbox.arm("GET", at, version="2020-02-02").json()["properties"]["InstrumentationKey"]

    def reported() -> bool:
        with sqlite3.connect(f"file:{sandbox.directory.database}?mode=ro", uri=True) as database:
            rows = database.execute(
                "SELECT envelope FROM telemetry WHERE instrumentation = ?", (key,)
            ).fetchall()
        return any("/score" in row[0] for row in rows)

    wait_until(reported, what="the request is reported")

"""Bad input at a tracking address: one clear error each, in MLflow's own format."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Place, RunningSandbox
from tests.sandbox.tracking.conftest import HOST, rest


@pytest.mark.parametrize(
    ("method", "path", "request_", "status", "code"),
    [
        ("GET", "mlflow/runs/get?run_id=absent", {}, 404, "RESOURCE_DOES_NOT_EXIST"),
        ("GET", "mlflow/nothing/here", {}, 404, None),
        ("GET", "other/api", {}, 404, "ENDPOINT_NOT_FOUND"),
        ("POST", "mlflow/experiments/create", {"content": b"{"}, 400, None),
        (
            "POST",
            "mlflow/registered-models/create",
            {"content": b"{"},
            400,
            "MALFORMED_REQUEST",
        ),
        ("POST", "mlflow/registered-models/create", {"json": {}}, 400, "INVALID_PARAMETER_VALUE"),
        (
            "POST",
            "mlflow/registered-models/create",
            {"json": {"name": "m", "tags": ["live"]}},
            400,
            "INVALID_PARAMETER_VALUE",
        ),
        (
            "GET",
            "mlflow/registered-models/search?max_results=all",
            {},
            400,
            "INVALID_PARAMETER_VALUE",
        ),
        (
            "POST",
            "mlflow/registered-models/create",
            {"json": {"name": "../x"}},
            400,
            "INVALID_PARAMETER_VALUE",
        ),
        ("PUT", "mlflow/registered-models/create", {"json": {}}, 404, "ENDPOINT_NOT_FOUND"),
        (
            "GET",
            "mlflow/registered-models/search?filter=nonsense",
            {},
            400,
            "INVALID_PARAMETER_VALUE",
        ),
        (
            "GET",
            "mlflow/registered-models/search?order_by=weight",
            {},
            400,
            "INVALID_PARAMETER_VALUE",
        ),
        (
            "GET",
            "mlflow/registered-models/search?page_token=x",
            {},
            400,
            "INVALID_PARAMETER_VALUE",
        ),
        (
            "PUT",
            "mlflow-artifacts/artifacts/0/absent/artifacts/x",
            {"content": b"x"},
            404,
            "RESOURCE_DOES_NOT_EXIST",
        ),
        (
            "PUT",
            "mlflow-artifacts/artifacts/0/r/artifacts/%2e%2e/%2e%2e/x",
            {"content": b"x"},
            400,
            "INVALID_PARAMETER_VALUE",
        ),
        (
            "GET",
            "mlflow-artifacts/artifacts?path=../../etc",
            {},
            400,
            "INVALID_PARAMETER_VALUE",
        ),
    ],
)
def test_bad_input_is_refused(
    sandbox: RunningSandbox,
    workspace: Place,
    method: str,
    path: str,
    request_: dict[str, Any],
    status: int,
    code: str | None,
) -> None:
    headers = {"content-type": "application/json"}
    answer = rest(sandbox, workspace, method, path, headers=headers, **request_)
    assert answer.status_code == status, answer.text
    assert "Traceback" not in answer.text
    if code:
        assert answer.json()["error_code"] == code
        assert answer.json()["message"]


def test_a_workspace_that_is_not_there_is_a_404(sandbox: RunningSandbox, workspace: Place) -> None:
    absent = Place(workspace.subscription, workspace.group, "absent", "")
    answer = rest(sandbox, absent, "GET", "mlflow/experiments/get?experiment_id=0")
    assert answer.status_code == 404
    assert answer.json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"


@pytest.mark.parametrize("token", ["", "Bearer nonsense"])
def test_without_a_token_nothing_is_answered(
    sandbox: RunningSandbox, workspace: Place, token: str
) -> None:
    headers = {"authorization": token} if token else {}
    with sandbox.http() as client:
        answer = client.get(
            f"https://{HOST}/mlflow/v1.0{workspace.id}/api/2.0/mlflow/experiments/get",
            headers=headers,
        )
    assert answer.status_code == 401


def test_registered_models_are_paged_and_ordered(
    sandbox: RunningSandbox, workspace: Place, name: str
) -> None:
    for letter in "bac":
        body = {"name": f"{name}-{letter}", "tags": [{"key": "letter", "value": letter}]}
        made = rest(sandbox, workspace, "POST", "mlflow/registered-models/create", json=body)
        assert made.is_success, made.text
    found: list[str] = []
    token = ""
    while True:
        query = {"filter": f"name LIKE '{name}%' AND tags.letter != 'c'", "max_results": "1"}
        answer = rest(
            sandbox,
            workspace,
            "GET",
            "mlflow/registered-models/search",
            params={**query, "order_by": "name DESC", "page_token": token},
        ).json()
        found += [item["name"] for item in answer["registered_models"]]
        token = answer.get("next_page_token", "")
        if not token:
            break
    assert found == [f"{name}-b", f"{name}-a"]

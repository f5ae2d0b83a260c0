"""Run history and artifacts: what the clients' plug-ins ask the data plane for."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest
from azure.ai.ml import command
from azure.ai.ml.entities import Job

from tests.sandbox.conftest import Place, RunningSandbox
from tests.sandbox.jobs.conftest import bare, cluster, ended

__all__ = ["bare", "cluster"]
HOST = "https://eastus.api.azureml.ms"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


@pytest.fixture(scope="module")
def job(ml: Any, cluster: str, bare: str) -> Job:
    name = f"job-{uuid.uuid4().hex[:8]}"
    text = "mkdir outputs; echo chart > outputs/chart.txt; echo said"
    made = command(command=text, compute=cluster, environment=bare, name=name, tags={"a": "b"})
    return ended(ml, ml.jobs.create_or_update(made))


@pytest.fixture
def history(sandbox: RunningSandbox, workspace: Place) -> Any:
    token = sandbox.credential().get_token("https://ml.azure.com/.default").token
    headers = {"authorization": f"Bearer {token}"}

    def ask(method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        with sandbox.http() as client:
            address = f"{HOST}/history/v1.0{workspace.id}{path}"
            return client.request(method, address, json=body, **{"headers": headers, **options})

    return ask


def test_discovery_names_the_host_that_was_asked(sandbox: RunningSandbox) -> None:
    with sandbox.http() as client:
        assert client.get(f"{HOST}/discovery").json()["api"] == HOST


def test_a_run_has_times_and_the_address_of_its_log(
    history: Any, sandbox: RunningSandbox, job: Job
) -> None:
    history("GET", f"/runs/{job.name}/details")
    body = history("GET", f"/runs/{job.name}/details").json()
    assert body["status"] == "Completed"
    assert body["createdUtc"] <= body["startTimeUtc"] <= body["endTimeUtc"]
    with sandbox.http() as client:
        assert client.get(body["logFiles"]["user_logs/std_log.txt"]).text == "said\n"


def test_artifacts_are_listed_and_read(history: Any, sandbox: RunningSandbox, job: Job) -> None:
    run = f"/experiments/Default/runs/{job.name}"
    names = {item["path"] for item in history("GET", f"{run}/artifacts").json()["value"]}
    assert {"outputs/chart.txt", "user_logs/std_log.txt"} <= names
    found = history("GET", f"{run}/artifacts/contentinfo?path=outputs/chart.txt").json()
    with sandbox.http() as client:
        assert client.get(found["contentUri"]).text == "chart\n"


def test_an_artifact_is_written_where_the_answer_says(
    history: Any, sandbox: RunningSandbox, job: Job
) -> None:
    run = f"/experiments/Default/runs/{job.name}"
    body = {"paths": [{"path": "notes/a b.txt"}]}
    answer = history("POST", f"{run}/artifacts/batch/metadata", body).json()
    address = answer["artifactContentInformation"]["notes/a b.txt"]["contentUri"]
    with sandbox.http() as client:
        put = client.put(address, content=b"x", headers={"x-ms-blob-type": "BlockBlob"})
        assert put.status_code == 201
    names = {item["path"] for item in history("GET", f"{run}/artifacts").json()["value"]}
    assert "notes/a b.txt" in names


def test_a_reading_address_does_not_write(history: Any, sandbox: RunningSandbox, job: Job) -> None:
    run = f"/experiments/Default/runs/{job.name}"
    found = history("GET", f"{run}/artifacts/contentinfo?path=outputs/chart.txt").json()
    with sandbox.http() as client:
        put = client.put(found["contentUri"], content=b"x", headers={"x-ms-blob-type": "BlockBlob"})
    assert put.status_code == 403


@pytest.mark.parametrize("path", ["", "../../other", "a/%2e%2e/b"])
def test_a_path_that_is_none_is_refused(history: Any, job: Job, path: str) -> None:
    answer = history(
        "GET", f"/experiments/Default/runs/{job.name}/artifacts/contentinfo?path={path}"
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


def test_a_run_that_is_not_there(history: Any) -> None:
    answer = history("GET", "/runs/nothing/details")
    assert answer.status_code == 404
    assert "'nothing' was not found" in answer.json()["error"]["message"]


def test_nobody_reads_without_a_token(history: Any, job: Job) -> None:
    assert history("GET", f"/runs/{job.name}/details", headers={}).status_code == 401


def test_malformed_json_is_one_clear_error(history: Any) -> None:
    answer = history("POST", "/rundata", content=b"{")
    assert answer.status_code == 400
    assert "not valid JSON" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/rundata", ["run"]),
        ("PATCH", "/runs/{job}", {"tags": "live"}),
        ("POST", "/runs/{job}/artifacts/batch/metadata", {"paths": ["chart.txt"]}),
        ("POST", "/runs/{job}/artifacts/batch/metadata", {"paths": "chart.txt"}),
    ],
)
def test_a_body_of_another_shape_is_one_clear_error(
    history: Any, job: Job, method: str, path: str, body: Any
) -> None:
    answer = history(method, path.format(job=job.name), body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "UserError"


def test_one_who_may_only_read_follows_a_run_and_does_not_change_it(
    history: Any, sandbox: RunningSandbox, workspace: Place, job: Job
) -> None:
    reader = str(uuid.uuid4())
    kind = "Microsoft.Authorization"
    body = {
        "principalId": reader,
        "principalType": "ServicePrincipal",
        "roleDefinitionId": f"/subscriptions/{sandbox.subscription}/providers/{kind}"
        f"/roleDefinitions/{READER}",
    }
    path = f"{workspace.id}/providers/{kind}/roleAssignments/{uuid.uuid4()}"
    made = sandbox.arm("PUT", path, {"properties": body}, version="2022-04-01")
    assert made.is_success, made.text
    headers = {"authorization": f"Bearer {sandbox.token(reader)}"}

    def status(method: str, path: str, body: Any = None) -> int:
        code: int = history(method, path, body, headers=headers).status_code
        return code

    assert status("GET", f"/runs/{job.name}/details") == 200
    assert status("POST", "/rundata", {"runId": job.name}) == 200
    assert status("PATCH", f"/runs/{job.name}", {"tags": {"a": "c"}}) == 403
    paths = {"paths": [{"path": "x"}]}
    assert status("POST", f"/runs/{job.name}/artifacts/batch/metadata", paths) == 403

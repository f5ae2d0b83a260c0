"""What jobs and the rest of the sandbox ask of MLflow: begin, end and read the runs of a workspace.

`workspace_id` is the workspace's GUID, which names its database.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

import httpx

from sandbox.directory import Directory

if TYPE_CHECKING:
    from sandbox.azure import Azure

WORKSPACE_HEADER = "X-Azureml-Workspace"
RUN_ID_TAG = "azureml.run_id"
WAIT_SECONDS = 90.0
"""MLflow needs 3 to 9 s to start, on a busy machine many times that; then a caller, who has 120 s,
is told to come back."""
POLL_SECONDS = 0.1
_TIMEOUT = httpx.Timeout(60, connect=5)
_KNOWN = (
    "SELECT 1 FROM runs WHERE run_uuid = :id UNION SELECT 1 FROM logged_models WHERE model_id = :id"
)


class Context(Protocol):
    """What is needed of `sandbox.azure.Azure`."""

    @property
    def directory(self) -> Directory: ...


class MlflowError(Exception):
    """MLflow refused; `status` is its HTTP status, `code` its error code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


_clients: WeakKeyDictionary[Any, httpx.AsyncClient] = WeakKeyDictionary()


def client(azure: Context) -> httpx.AsyncClient:
    """The connections to MLflow's server."""
    found = _clients.get(azure)
    if found is None or found.is_closed:
        transport = httpx.AsyncHTTPTransport(uds=str(azure.directory.mlflow_socket))
        found = httpx.AsyncClient(
            base_url="http://localhost", transport=transport, timeout=_TIMEOUT, trust_env=False
        )
        _clients[azure] = found
    return found


async def send(
    azure: Context, request: httpx.Request, wait: float = WAIT_SECONDS
) -> httpx.Response:
    """Send to MLflow and stream its answer; while it starts, wait for it.

    Raises MlflowError 503 when it does not come up in time, or dies over the request.
    """
    end = time.monotonic() + wait
    while True:
        try:
            return await client(azure).send(request, stream=True)
        except httpx.ConnectError:
            if time.monotonic() > end:
                text = "The workspace's tracking server is starting. Try again in a moment."
                raise MlflowError(503, "TEMPORARILY_UNAVAILABLE", text) from None
        except httpx.TransportError as error:
            # It may or may not have counted: only a read may be asked again from here.
            if request.method != "GET" or time.monotonic() > end:
                text = (
                    f"The workspace's tracking server did not answer: {error or 'connection lost'}"
                )
                raise MlflowError(503, "TEMPORARILY_UNAVAILABLE", text) from None
        await asyncio.sleep(POLL_SECONDS)


async def call(
    azure: Context,
    workspace_id: str,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    query: dict[str, str] | None = None,
) -> dict[str, Any]:
    """One call of MLflow's REST API, ``call(…, "GET", "runs/get", query={…})``.

    Raises MlflowError.
    """
    request = client(azure).build_request(
        method,
        f"/api/2.0/mlflow/{path}",
        json=body,
        params=query,
        headers={WORKSPACE_HEADER: workspace_id},
    )
    answer = await send(azure, request)
    try:
        content = await answer.aread()
    finally:
        await answer.aclose()
    found: dict[str, Any] = json.loads(content) if content else {}
    if answer.is_error:
        code = found.get("error_code", "INTERNAL_ERROR")
        raise MlflowError(answer.status_code, code, str(found.get("message", "")))
    return found


async def ensure_run(
    azure: Azure,
    workspace_id: str,
    experiment: str,
    run_id: str,
    tags: dict[str, str] | None = None,
    name: str | None = None,
) -> str:
    """Make the run with that id, unless it is there; answers its experiment's id.

    May be repeated: a sandbox that was killed in the middle begins again.
    """
    try:
        found = await call(azure, workspace_id, "GET", "runs/get", query={"run_id": run_id})
        return str(found["run"]["info"]["experiment_id"])
    except MlflowError as error:
        if error.status != 404:
            raise
    experiment_id = await _ensure_experiment(azure, workspace_id, experiment)
    given = [{"key": key, "value": value} for key, value in (tags or {}).items()]
    body = {
        "experiment_id": experiment_id,
        "run_name": name or run_id,
        "start_time": int(azure.clock.now().timestamp() * 1000),
        "tags": [*given, {"key": RUN_ID_TAG, "value": run_id}],
    }
    try:
        await call(azure, workspace_id, "POST", "runs/create", body)
    except MlflowError as error:
        if error.code != "RESOURCE_ALREADY_EXISTS":
            raise
    return experiment_id


async def _ensure_experiment(azure: Context, workspace_id: str, name: str) -> str:
    try:
        made = await call(azure, workspace_id, "POST", "experiments/create", {"name": name})
        return str(made["experiment_id"])
    except MlflowError as error:
        if error.code != "RESOURCE_ALREADY_EXISTS":
            raise
    query = {"experiment_name": name}
    found = await call(azure, workspace_id, "GET", "experiments/get-by-name", query=query)
    experiment = found["experiment"]
    if experiment["lifecycle_stage"] == "deleted":
        body = {"experiment_id": experiment["experiment_id"]}
        await call(azure, workspace_id, "POST", "experiments/restore", body)
    return str(experiment["experiment_id"])


async def finish_run(azure: Azure, workspace_id: str, run_id: str, status: str) -> None:
    """End a run as ``FINISHED``, ``FAILED`` or ``KILLED``; one that is not there is no error."""
    body = {
        "run_id": run_id,
        "status": status,
        "end_time": int(azure.clock.now().timestamp() * 1000),
    }
    try:
        await call(azure, workspace_id, "POST", "runs/update", body)
    except MlflowError as error:
        if error.status != 404:
            raise


async def metrics(azure: Context, workspace_id: str, run_id: str) -> dict[str, float]:
    """The last value of each metric, empty for a run that is not there."""
    try:
        found = await call(azure, workspace_id, "GET", "runs/get", query={"run_id": run_id})
    except MlflowError as error:
        if error.status == 404:
            return {}
        raise
    return {item["key"]: float(item["value"]) for item in found["run"]["data"].get("metrics") or []}


def known(azure: Context, workspace_id: str, run_id: str) -> bool:
    """Whether the workspace has that run or logged model; answers also while MLflow is down."""
    path = _database(azure, workspace_id)
    if not path.exists():
        return False
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as connection:
        return connection.execute(_KNOWN, {"id": run_id}).fetchone() is not None


async def delete_workspace(azure: Context, workspace_id: str) -> None:
    """Forget all experiments, runs and logged models of a workspace."""
    path = _database(azure, workspace_id)
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _database(azure: Context, workspace_id: str) -> Path:
    return azure.directory.mlflow / f"{workspace_id}.db"

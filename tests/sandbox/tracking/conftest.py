"""MLflow's clients: `plain` by an https address, `azureml` by the plugin's azureml:// address."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import httpx
import mlflow
import pytest
from mlflow.tracking import _tracking_service as service

from tests.sandbox.conftest import Place, RunningSandbox, make_workspace

HOST = "eastus.api.azureml.ms"
TOKEN = "MLFLOW_TRACKING_TOKEN"

Use = Callable[[str, Place], AbstractContextManager[mlflow.MlflowClient]]


def address(client: str, place: Place) -> str:
    if client == "plain":
        return f"https://{HOST}/mlflow/v1.0{place.id}"
    return f"azureml://{HOST}/mlflow/v2.0{place.id}"


@pytest.fixture
def use(sandbox: RunningSandbox) -> Iterator[Use]:
    """Speak as one of the two clients: ``with use("plain", workspace) as client``."""

    @contextmanager
    def speak(client: str, place: Place) -> Iterator[mlflow.MlflowClient]:
        before = mlflow.get_tracking_uri()
        if client == "plain":
            # The plugin has a credential of its own and would take this for a job's.
            os.environ[TOKEN] = (
                sandbox.credential().get_token("https://ml.azure.com/.default").token
            )
        # MLflow remembers a run's artifact address in a process, whatever the tracking address.
        service.utils._artifact_repos_cache.clear()
        mlflow.set_tracking_uri(address(client, place))
        mlflow.set_registry_uri(address(client, place))
        try:
            yield mlflow.MlflowClient()
        finally:
            os.environ.pop(TOKEN, None)
            mlflow.set_tracking_uri(before)
            mlflow.set_registry_uri(before)

    # What MLflow is told it writes into the environment, where the commands of later tests meet it.
    theirs = {name: value for name, value in os.environ.items() if name.startswith("MLFLOW_")}
    yield speak
    while mlflow.active_run():
        mlflow.end_run()
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        del os.environ[name]
    os.environ.update(theirs)


@pytest.fixture
def name() -> str:
    """A new name."""
    return f"n{uuid.uuid4().hex[:10]}"


@pytest.fixture(params=["plain", "azureml"])
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="package")
def other_workspace(sandbox: RunningSandbox) -> Place:
    """A second workspace, in a group of its own."""
    return make_workspace(sandbox, f"rg-other-{uuid.uuid4().hex[:6]}")


def workspace_id(sandbox: RunningSandbox, place: Place) -> str:
    """The GUID that names a workspace's database."""
    answer = sandbox.arm("GET", place.id, version="2025-12-01").json()
    return str(answer["properties"]["workspaceId"])


def rest(
    sandbox: RunningSandbox, place: Place, method: str, path: str, **request: Any
) -> httpx.Response:
    """A raw request to a workspace's tracking address, with the sandbox's token."""
    token = sandbox.credential().get_token("https://ml.azure.com/.default").token
    headers = {"authorization": f"Bearer {token}", **request.pop("headers", {})}
    with sandbox.http() as client:
        url = f"https://{HOST}/mlflow/v1.0{place.id}/api/2.0/{path}"
        return client.request(method, url, headers=headers, **request)

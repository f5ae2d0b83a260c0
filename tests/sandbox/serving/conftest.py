"""Endpoints and deployments made with the official client; their processes are real ones."""

from __future__ import annotations

import functools
import json
import os
import signal
import textwrap
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from azure.ai.ml.entities import (
    CodeConfiguration,
    Environment,
    ManagedOnlineDeployment,
    ManagedOnlineEndpoint,
    Model,
    OnlineRequestSettings,
)

from tests.sandbox.conftest import RunningSandbox
from tests.workloads.conftest import bike_rentals, trained  # noqa: F401 - fixtures

CONDA = {
    "name": "serving",
    "dependencies": ["python=3.11", {"pip": ["azureml-inference-server-http==1.5.1"]}],
}
PATIENT = OnlineRequestSettings(request_timeout_ms=90_000)
"""A first answer may take longer than the five seconds that are the default."""
LINE = """
    import json, os
    from pathlib import Path

    def init():
        global slope
        model = next(Path(os.environ["AZUREML_MODEL_DIR"]).rglob("line.json"))
        slope = json.loads(model.read_text())["slope"]

    def run(body):
        return [slope * x for x in json.loads(body)["data"]]
"""


def kill(pids: list[int]) -> None:
    """SIGKILL. A worker may be gone already: it follows the server that was killed before it."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def servers(sandbox: RunningSandbox) -> dict[str, list[int]]:
    """Processes of the sandbox's deployments by unit; each unit has gunicorn and its workers."""
    found: dict[str, list[int]] = {}
    for process in psutil.process_iter():
        try:
            environment = process.environ()
            alive = process.status() != psutil.STATUS_ZOMBIE
        except (psutil.Error, OSError):
            continue
        unit = environment.get("AMLOPS_UNIT", "")
        ours = environment.get("AMLOPS_SANDBOX") == str(sandbox.directory)
        if ours and alive and unit.startswith("deployment-"):
            found.setdefault(unit, []).append(process.pid)
    return found


@pytest.fixture
def endpoint(ml: Any) -> Iterator[str]:
    """The name of a new endpoint with keys; it is deleted afterwards, with its deployments."""
    name = f"ep-{uuid.uuid4().hex[:8]}"
    ml.online_endpoints.begin_create_or_update(
        ManagedOnlineEndpoint(name=name, auth_mode="key")
    ).result()
    yield name
    ml.online_endpoints.begin_delete(name).result()


@pytest.fixture
def deploy(ml: Any, endpoint: str, tmp_path: Path) -> Callable[..., Any]:
    """Deploy a line through the origin: ``deploy("blue", slope=3)``, or any other script."""
    return functools.partial(deploy_line, ml, endpoint, tmp_path)


def deploy_line(
    ml: Any,
    endpoint: str,
    place: Path,
    name: str,
    script: str = LINE,
    slope: float = 2,
    **settings: Any,
) -> Any:
    folder = place / uuid.uuid4().hex
    (folder / "code").mkdir(parents=True)
    (folder / "code" / "score.py").write_text(textwrap.dedent(script))
    (folder / "model").mkdir()
    (folder / "model" / "line.json").write_text(json.dumps({"slope": slope}))
    deployment = ManagedOnlineDeployment(
        name=name,
        endpoint_name=endpoint,
        model=Model(path=str(folder / "model"), name=f"line-{uuid.uuid4().hex[:8]}"),
        code_configuration=CodeConfiguration(code=str(folder / "code"), scoring_script="score.py"),
        environment=Environment(
            image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04",
            conda_file=CONDA,
            name="serving-test",
            version="1",
        ),
        instance_type="Standard_DS3_v2",
        instance_count=settings.pop("instances", 1),
        request_settings=settings.pop("requests", PATIENT),
        **settings,
    )
    return ml.online_deployments.begin_create_or_update(deployment).result()


@pytest.fixture
def send_traffic(ml: Any, endpoint: str) -> Callable[[dict[str, int]], None]:
    def send(traffic: dict[str, int]) -> None:
        changed = ml.online_endpoints.get(endpoint)
        changed.traffic = traffic
        ml.online_endpoints.begin_create_or_update(changed).result()

    return send


@pytest.fixture
def score(sandbox: Any, ml: Any, endpoint: str) -> Callable[..., Any]:
    """Ask the endpoint by plain HTTPS; the answer with its status and headers."""
    address = ml.online_endpoints.get(endpoint).scoring_uri
    key = ml.online_endpoints.get_keys(endpoint).primary_key

    def ask(data: Any, key: str = key, **headers: str) -> Any:
        with sandbox.http() as client:
            sent = {"authorization": f"Bearer {key}"}
            sent |= {name.replace("_", "-"): value for name, value in headers.items()}
            return client.post(address, json=data, headers=sent)

    return ask

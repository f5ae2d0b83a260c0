"""What is killed comes back: a service while it deploys, a sandbox while it serves."""

from __future__ import annotations

import signal
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml import MLClient
from azure.ai.ml.entities import ManagedOnlineEndpoint

from tests.sandbox.conftest import RunningSandbox, make_workspace, wait_until
from tests.sandbox.serving.conftest import deploy_line, kill, servers

SLOW = """
    import json, time

    def init():
        time.sleep(1.5)

    def run(body):
        return json.loads(body)
"""


def test_a_deployment_is_completed_by_the_service_that_comes_after(
    sandbox: RunningSandbox, ml: Any, endpoint: str, deploy: Callable[..., Any], score: Any
) -> None:
    with ThreadPoolExecutor(1) as pool:
        deploying = pool.submit(deploy, "blue", script=SLOW)
        wait_until(lambda: servers(sandbox), what="its server starts")
        sandbox.kill("azure")
        deploying.exception(180)

    def done() -> bool:
        state = ml.online_deployments.get("blue", endpoint).provisioning_state
        return bool(state == "Succeeded")

    wait_until(done, what="it has succeeded")
    assert score([1], azureml_model_deployment="blue").json() == [1]
    assert len(servers(sandbox)) == 1


def test_requests_go_on_while_one_of_two_instances_is_killed(
    sandbox: RunningSandbox, deploy: Callable[..., Any], score: Any
) -> None:
    deploy("blue", slope=3, instances=2)
    asked: list[int] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            asked.append(score({"data": [1]}, azureml_model_deployment="blue").status_code)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        wait_until(lambda: len(asked) > 5, what="it answers")
        first = min(servers(sandbox))
        before = servers(sandbox)[first]
        kill(before)

        def again() -> bool:
            now = servers(sandbox).get(first, [])
            return len(now) == len(before) and not set(now) & set(before)

        wait_until(again, what="it is started again")
        answered = len(asked)
        wait_until(lambda: len(asked) > answered + 5, what="it answers")
    finally:
        stop.set()
        asking.join()
    lost = [status for status in asked if status != 200]
    assert len(lost) <= 1, "only what the killed one was answering may be lost"


def test_a_killed_sandbox_serves_again_after_its_start(
    start_sandbox: Callable[..., RunningSandbox], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = start_sandbox()
    first.lead(monkeypatch)
    place = make_workspace(first, "rg-kills")
    ml = MLClient(first.credential(), place.subscription, place.group, place.workspace)
    name = f"ep-{uuid.uuid4().hex[:8]}"
    ml.online_endpoints.begin_create_or_update(
        ManagedOnlineEndpoint(name=name, auth_mode="key")
    ).result()
    deploy_line(ml, name, tmp_path, "blue", slope=4)
    key = ml.online_endpoints.get_keys(name).primary_key
    assert len(servers(first)) == 1

    first.process.send_signal(signal.SIGKILL)
    first.process.wait()
    wait_until(lambda: not servers(first), what="no server is left behind")

    again = start_sandbox(directory=first.directory)

    def answer() -> Any:
        headers = {"authorization": f"Bearer {key}", "azureml-model-deployment": "blue"}
        address = f"https://{name}.eastus.inference.ml.azure.com/score"
        with again.http() as client:
            said = client.post(address, json={"data": [2]}, headers=headers)
        return said.json() if said.status_code == 200 else None

    assert wait_until(answer, what="it serves again") == [8]

"""A deployment is a process of the real inference server; what fails leaves what serves alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from azure.ai.ml.entities import OnlineRequestSettings
from azure.core.exceptions import HttpResponseError

from tests.sandbox.conftest import RunningSandbox, wait_until
from tests.sandbox.serving.conftest import kill, servers

BROKEN = """
    def init():
        raise RuntimeError("no such luck")

    def run(body): pass
"""


def test_one_serves_switches_fails_and_comes_back(
    sandbox: RunningSandbox,
    ml: Any,
    endpoint: str,
    deploy: Callable[..., Any],
    send_traffic: Callable[[dict[str, int]], None],
    score: Callable[..., Any],
) -> None:
    """The life of an endpoint, in one story: each step needs the one before."""
    refused = score({"data": [1]})
    assert refused.status_code == 404, "no deployment has traffic yet"

    deployed = deploy("blue", slope=2)
    assert deployed.provisioning_state == "Succeeded"
    assert score({"data": [1]}).status_code == 404, "a deployment takes no traffic by itself"
    named = score({"data": [1, 2]}, azureml_model_deployment="blue")
    assert named.json() == [2, 4]
    assert named.headers["azureml-model-deployment"] == "blue"

    send_traffic({"blue": 100})
    assert score({"data": [5]}).json() == [10]
    with_id = score({"data": [5]}, x_ms_client_request_id="mine")
    assert with_id.headers["x-ms-client-request-id"] == "mine"

    deploy("green", slope=7)
    assert score({"data": [1]}).json() == [2], "traffic has not moved"
    send_traffic({"blue": 0, "green": 100})
    assert score({"data": [1]}).json() == [7]

    with pytest.raises(HttpResponseError) as failed:
        deploy("green", script=BROKEN)
    assert "no such luck" in str(failed.value)
    assert ml.online_deployments.get("green", endpoint).provisioning_state == "Failed"
    assert score({"data": [1]}).json() == [7], "the version before goes on"

    before = servers(sandbox)
    for pids in before.values():
        kill(pids)

    def whole() -> bool:
        """Of each instance as many processes as before, and other ones."""
        now = servers(sandbox)
        return now.keys() == before.keys() and all(
            len(now[unit]) == len(pids) and not set(now[unit]) & set(pids)
            for unit, pids in before.items()
        )

    wait_until(whole, what="every server is started again")
    wait_until(lambda: score({"data": [3]}).status_code == 200, what="served again")
    assert score({"data": [3]}).json() == [21]

    before = servers(sandbox)
    sandbox.kill("azure")
    wait_until(lambda: score({"data": [3]}).status_code == 200, what="served again")
    assert servers(sandbox) == before, "the servers are not the sandbox service's children"

    with pytest.raises(HttpResponseError, match="100 per cent"):
        ml.online_deployments.begin_delete("green", endpoint).result()
    ml.online_deployments.begin_delete("blue", endpoint).result()
    wait_until(lambda: len(servers(sandbox)) == 1, what="blue's server gone")
    assert score({"data": [1]}).json() == [7]


def test_a_broken_script_fails_the_deployment_and_leaves_no_process(
    sandbox: RunningSandbox, ml: Any, endpoint: str, deploy: Callable[..., Any]
) -> None:
    with pytest.raises(HttpResponseError) as failed:
        deploy("blue", script="import no_such_module\ndef init(): pass\ndef run(body): pass\n")
    assert "No module named 'no_such_module'" in str(failed.value)
    assert ml.online_deployments.get("blue", endpoint).provisioning_state == "Failed"
    assert servers(sandbox) == {}
    logs = ml.online_deployments.get_logs("blue", endpoint, lines=200)
    assert "no_such_module" in logs
    fetched = ml.online_deployments.get_logs(
        "blue", endpoint, lines=200, container_type="storage-initializer"
    )
    assert "Downloading model" in fetched
    changed = ml.online_endpoints.get(endpoint)
    changed.traffic = {"blue": 100}
    with pytest.raises(HttpResponseError, match="cannot take traffic"):
        ml.online_endpoints.begin_create_or_update(changed).result()


def test_it_is_scaled_in_place(
    sandbox: RunningSandbox, ml: Any, endpoint: str, deploy: Callable[..., Any]
) -> None:
    deploy("blue")
    (first,) = servers(sandbox).items()
    changed = ml.online_deployments.get("blue", endpoint)
    changed.instance_count = 2
    changed.tags = {"why": "load"}
    ml.online_deployments.begin_create_or_update(changed).result()
    assert ml.online_deployments.get("blue", endpoint).tags == {"why": "load"}
    running = servers(sandbox)
    assert len(running) == 2
    assert running[first[0]] == first[1], "the first instance has not been restarted"


def test_environment_variables_reach_the_script_in_a_new_process(
    sandbox: RunningSandbox, deploy: Callable[..., Any], score: Callable[..., Any]
) -> None:
    script = """
        import os
        def init(): pass
        def run(body):
            names = ["COLOUR", "AZURE_CLIENT_SECRET", "HTTPS_PROXY"]
            return {name: os.environ.get(name) for name in names}
    """
    deploy("blue", script=script, environment_variables={"COLOUR": "blue"})
    said = score({}, azureml_model_deployment="blue").json()
    assert said["COLOUR"] == "blue"
    assert not said["AZURE_CLIENT_SECRET"], "the person's secret is not the deployment's"
    assert said["HTTPS_PROXY"] == sandbox.environment["HTTPS_PROXY"]
    deploy("blue", script=script, environment_variables={"COLOUR": "red"})
    assert score({}, azureml_model_deployment="blue").json()["COLOUR"] == "red"
    assert len(servers(sandbox)) == 1


def test_a_deployment_acts_as_its_endpoints_identity(
    ml: Any, endpoint: str, deploy: Callable[..., Any], score: Callable[..., Any]
) -> None:
    script = """
        import base64, json, os, urllib.request as u

        def init(): pass

        def run(body):
            address = os.environ["MSI_ENDPOINT"] + "?resource=https://vault.azure.net"
            asked = u.Request(address, headers={"secret": os.environ["MSI_SECRET"]})
            claims = json.load(u.urlopen(asked))["access_token"].split(".")[1]
            return json.loads(base64.urlsafe_b64decode(claims + "==="))["oid"]
    """
    deploy("blue", script=script)
    principal = ml.online_endpoints.get(endpoint).identity.principal_id
    assert score({}, azureml_model_deployment="blue").json() == principal


def test_a_model_that_raises_is_a_model_error_and_a_slow_one_times_out(
    deploy: Callable[..., Any], score: Callable[..., Any]
) -> None:
    script = """
        import json, time
        def init(): pass
        def run(body):
            time.sleep(json.loads(body)["seconds"])
    """
    deploy("blue", script=script)
    raised = score({"minutes": 1}, azureml_model_deployment="blue")
    assert raised.status_code == 424
    assert raised.headers["ms-azureml-model-error-statuscode"] == "500"
    deploy("blue", script=script, requests=OnlineRequestSettings(request_timeout_ms=600))
    slow = score({"seconds": 1.2}, azureml_model_deployment="blue")
    assert slow.status_code == 408


def test_what_is_not_there_is_refused_before_anything_starts(
    sandbox: RunningSandbox, workspace: Any, endpoint: str
) -> None:
    at = f"{workspace.id}/onlineEndpoints/{endpoint}/deployments/blue"
    body = {
        "location": "eastus",
        "properties": {
            "endpointComputeType": "Managed",
            "model": f"{workspace.id}/models/none/versions/1",
        },
    }
    refused = sandbox.arm("PUT", at, body, version="2024-10-01")
    assert refused.status_code == 400, refused.text
    assert refused.json()["error"]["target"] == "properties.model"
    assert sandbox.arm("GET", at, version="2024-10-01").status_code == 404

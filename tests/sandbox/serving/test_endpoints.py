"""Who may score, and where the request goes."""

from __future__ import annotations

import json
import random
import sqlite3
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml.entities import ManagedOnlineEndpoint, OnlineRequestSettings
from azure.core.exceptions import HttpResponseError

from sandbox.serving.choice import choose
from tests.sandbox.conftest import Place, RunningSandbox, wait_until

VERSION = "2024-10-01"
WAITING = """
    import json, time
    from pathlib import Path
    def init(): pass
    def run(body):
        while not Path(json.loads(body)["gate"]).exists():
            time.sleep(0.05)
        return "done"
"""


def test_traffic_is_split_by_weight() -> None:
    chance = random.Random(20240229)
    seen = Counter(choose({"a": 20, "b": 0, "c": 80}, chance.random()) for _ in range(10_000))
    assert set(seen) == {"a", "c"}
    assert abs(seen["a"] - 2_000) < 160, "four standard deviations"
    assert choose({}, 0.5) is None
    assert choose({"a": 0}, 0.5) is None


def test_the_identity_of_an_endpoint_stays(sandbox: RunningSandbox, ml: Any, endpoint: str) -> None:
    at = ml.online_endpoints.get(endpoint).id
    body = sandbox.arm("GET", at, version=VERSION).json()
    again = {key: body[key] for key in ("location", "kind", "properties")}
    answer = sandbox.arm("PUT", at, {**again, "identity": {"type": "None"}}, version=VERSION)
    assert answer.status_code == 400
    assert "identity of an endpoint is immutable" in answer.text


def test_requests_are_shared_mirrored_and_counted(
    sandbox: RunningSandbox,
    ml: Any,
    endpoint: str,
    deploy: Callable[..., Any],
    send_traffic: Callable[[dict[str, int]], None],
    score: Callable[..., Any],
    tmp_path: Path,
) -> None:
    deploy("blue", slope=1)
    deploy("green", slope=2)
    send_traffic({"blue": 30, "green": 70})
    answers = [score({"data": [1]}) for _ in range(100)]
    seen = Counter(answer.headers["azureml-model-deployment"] for answer in answers)
    assert set(seen) == {"blue", "green"}, "by which weights is shown above"
    assert {answer.json()[0] for answer in answers} == {1, 2}

    send_traffic({"blue": 100})
    changed = ml.online_endpoints.get(endpoint)
    changed.traffic, changed.mirror_traffic = {"blue": 100}, {"green": 50}
    ml.online_endpoints.begin_create_or_update(changed).result()
    assert all(score({"data": [1]}).json() == [1] for _ in range(20))

    def rows() -> list[tuple[Any, ...]]:
        with sqlite3.connect(f"file:{sandbox.directory.database}?mode=ro", uri=True) as database:
            found = database.execute(
                "SELECT deployment, status, model_status, mirrored, seconds FROM scoring_requests "
                "WHERE endpoint LIKE ?",
                (f"%/{endpoint}",),
            )
            return list(found)

    wait_until(lambda: sum(1 for row in rows() if not row[3]) == 120, what="all are counted")
    wait_until(lambda: any(row[3] for row in rows()), what="a copy is counted")
    counted = rows()
    assert Counter(row[0] for row in counted[:100] if not row[3]) == seen
    assert 0 < sum(row[3] for row in counted) < 20, "about half of the last 20 were mirrored"
    assert all(row[1:3] == (200, 200) and row[4] > 0 for row in counted)

    request = tmp_path / "request.json"
    request.write_text(json.dumps({"data": [4]}))
    assert ml.online_endpoints.invoke(endpoint, request_file=str(request)) == "[4]"
    said = ml.online_endpoints.invoke(endpoint, request_file=str(request), deployment_name="green")
    assert said == "[8]"


def test_too_many_pending_requests_are_refused(
    deploy: Callable[..., Any], score: Callable[..., Any], tmp_path: Path
) -> None:
    """Those that are let in are held until the others have been refused."""
    gate = tmp_path / "gate"
    deploy(
        "blue",
        script=WAITING,
        requests=OnlineRequestSettings(
            max_concurrent_requests_per_instance=1, request_timeout_ms=90_000
        ),
    )

    def ask() -> int:
        answer = score({"gate": str(gate)}, azureml_model_deployment="blue")
        return int(answer.status_code)

    with ThreadPoolExecutor(5) as pool:
        asked = [pool.submit(ask) for _ in range(5)]
        try:
            wait_until(lambda: sum(one.done() for one in asked) >= 3, 60, "three are answered")
        finally:
            gate.touch()
        statuses = sorted(one.result() for one in asked)
    assert statuses == [200, 200, 429, 429, 429], "twice what one instance takes at once"


def test_only_the_endpoints_keys_open_it(
    ml: Any, endpoint: str, deploy: Callable[..., Any], score: Callable[..., Any]
) -> None:
    deploy("blue")
    to_blue = {"azureml_model_deployment": "blue"}
    keys = ml.online_endpoints.get_keys(endpoint)
    assert keys.primary_key != keys.secondary_key
    assert score({"data": [1]}, key=keys.secondary_key, **to_blue).status_code == 200
    wrong = score({"data": [1]}, key="x" * 32, **to_blue)
    assert (wrong.status_code, wrong.text) == (401, "key_auth_access_denied")
    assert score({"data": [1]}, authorization="Basic abc").text == "key_auth_bad_header_forbidden"

    ml.online_endpoints.begin_regenerate_keys(endpoint, key_type="primary").result()
    changed = ml.online_endpoints.get_keys(endpoint)
    assert changed.primary_key != keys.primary_key
    assert changed.secondary_key == keys.secondary_key
    assert score({"data": [1]}, key=keys.primary_key, **to_blue).status_code == 401
    assert score({"data": [1]}, key=changed.primary_key, **to_blue).status_code == 200


@pytest.mark.parametrize("mode", ["aml_token", "aad_token"])
def test_tokens_open_endpoints_that_take_them(sandbox: RunningSandbox, ml: Any, mode: str) -> None:
    name = f"ep-{uuid.uuid4().hex[:8]}"
    made = ml.online_endpoints.begin_create_or_update(
        ManagedOnlineEndpoint(name=name, auth_mode=mode)
    ).result()
    try:
        token = ml.online_endpoints.get_keys(name).access_token
        foreign = sandbox.credential().get_token("https://storage.azure.com/.default").token
        with sandbox.http() as client:

            def ask(credential: str) -> int:
                sent = {"authorization": f"Bearer {credential}"}
                return client.post(made.scoring_uri, json={}, headers=sent).status_code

            assert ask(token) == 404, "let in, but there is no deployment"
            assert ask(foreign) == 401
            assert ask(token[:-4] + "AAAA") == 401
    finally:
        ml.online_endpoints.begin_delete(name).result()


def test_a_token_of_one_endpoint_does_not_open_another(sandbox: RunningSandbox, ml: Any) -> None:
    names = [f"ep-{uuid.uuid4().hex[:8]}" for _ in range(2)]
    made = [
        ml.online_endpoints.begin_create_or_update(
            ManagedOnlineEndpoint(name=name, auth_mode="aml_token")
        ).result()
        for name in names
    ]
    try:
        token = ml.online_endpoints.get_keys(names[0]).access_token
        with sandbox.http() as client:
            sent = {"authorization": f"Bearer {token}"}
            assert client.post(made[1].scoring_uri, json={}, headers=sent).status_code == 401
    finally:
        for name in names:
            ml.online_endpoints.begin_delete(name).result()


@pytest.mark.parametrize(
    ("changed", "target"),
    [
        ({"traffic": {"none": 100}}, "properties.traffic.none"),
        ({"traffic": {"blue": 50}}, "properties.traffic"),
        ({"mirrorTraffic": {"blue": 60}}, "properties.mirrorTraffic.blue"),
        (
            {"traffic": {"blue": 100}, "mirrorTraffic": {"blue": 10}},
            "properties.mirrorTraffic",
        ),
    ],
)
def test_traffic_that_makes_no_sense_is_refused(
    sandbox: RunningSandbox,
    workspace: Place,
    endpoint: str,
    served: None,
    changed: dict[str, Any],
    target: str,
) -> None:
    at = f"{workspace.id}/onlineEndpoints/{endpoint}"
    body = {"location": "eastus", "properties": {"authMode": "Key", **changed}}
    refused = sandbox.arm("PUT", at, body, version=VERSION)
    assert refused.status_code == 400, refused.text
    assert refused.json()["error"]["target"] == target
    assert sandbox.arm("GET", at, version=VERSION).json()["properties"]["traffic"] == {}


def test_a_change_that_does_not_speak_of_traffic_leaves_it_alone(
    sandbox: RunningSandbox,
    workspace: Place,
    endpoint: str,
    served: None,
    send_traffic: Callable[[dict[str, int]], None],
) -> None:
    send_traffic({"blue": 100})
    at = f"{workspace.id}/onlineEndpoints/{endpoint}"
    body = {"location": "eastus", "tags": {"a": "b"}, "properties": {"authMode": "Key"}}
    assert sandbox.arm("PUT", at, body, version=VERSION).is_success
    shown = sandbox.arm("GET", at, version=VERSION).json()
    assert shown["tags"] == {"a": "b"}
    assert shown["properties"]["traffic"] == {"blue": 100}


@pytest.fixture
def served(deploy: Callable[..., Any]) -> None:
    deploy("blue")


def test_a_name_is_an_address_and_can_be_had_once(
    sandbox: RunningSandbox, workspace: Place, endpoint: str, group: str
) -> None:
    from tests.sandbox.conftest import make_workspace

    other = make_workspace(sandbox, group)
    body = {"location": "eastus", "properties": {"authMode": "Key"}}
    at = f"{other.id}/onlineEndpoints/{endpoint}"
    refused = sandbox.arm("PUT", at, body, version=VERSION)
    assert refused.status_code == 400
    assert "already exists in this region" in refused.json()["error"]["message"]


def test_keys_and_private_matters_are_never_shown(
    sandbox: RunningSandbox, workspace: Place, ml: Any, endpoint: str
) -> None:
    key = ml.online_endpoints.get_keys(endpoint).primary_key
    shown = sandbox.arm("GET", f"{workspace.id}/onlineEndpoints/{endpoint}", version=VERSION)
    assert key not in shown.text
    assert shown.json()["properties"]["scoringUri"] == (
        f"https://{endpoint}.eastus.inference.ml.azure.com/score"
    )


def test_an_unknown_endpoint_is_not_found(sandbox: RunningSandbox) -> None:
    with sandbox.http() as client:
        answer = client.post("https://nobody.eastus.inference.ml.azure.com/score", json={})
    assert answer.status_code == 404


def test_scaling_and_logs_need_sensible_numbers(
    sandbox: RunningSandbox, workspace: Place, endpoint: str, served: None, ml: Any
) -> None:
    with pytest.raises(HttpResponseError, match="'tail'"):
        ml.online_deployments.get_logs("blue", endpoint, lines=0)
    at = f"{workspace.id}/onlineEndpoints/{endpoint}/deployments/blue"
    body = sandbox.arm("GET", at, version=VERSION).json()
    body["properties"]["requestSettings"]["requestTimeout"] = "soon"
    refused = sandbox.arm("PUT", at, body, version=VERSION)
    assert refused.status_code == 400, refused.text

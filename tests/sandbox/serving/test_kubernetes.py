"""Endpoints on an attached Kubernetes: they serve as managed ones do."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml.entities import (
    AmlCompute,
    CodeConfiguration,
    Environment,
    KubernetesCompute,
    KubernetesOnlineDeployment,
    KubernetesOnlineEndpoint,
    ManagedOnlineEndpoint,
    Model,
)
from azure.core.exceptions import HttpResponseError

from tests.sandbox.conftest import Place, RunningSandbox
from tests.sandbox.ml import targets
from tests.sandbox.serving.conftest import CONDA

SCRIPT = """
import json

def init():
    pass

def run(body):
    return sum(json.loads(body)["data"])
"""


@pytest.fixture(scope="module")
def cluster(sandbox: RunningSandbox, workspace: Place, ml: Any) -> str:
    """The name of an attached Kubernetes compute."""
    name = f"k{uuid.uuid4().hex[:8]}"
    resource = targets.kubernetes(sandbox, workspace, f"aks-{name}")
    ml.compute.begin_create_or_update(KubernetesCompute(name=name, resource_id=resource)).result()
    return name


@pytest.fixture
def name() -> str:
    return f"ep-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def served(ml: Any, cluster: str, name: str) -> Iterator[str]:
    """The name of an endpoint on the cluster."""
    endpoint = KubernetesOnlineEndpoint(name=name, compute=cluster, auth_mode="key")
    made = ml.online_endpoints.begin_create_or_update(endpoint).result()
    assert isinstance(made, KubernetesOnlineEndpoint)
    yield name
    ml.online_endpoints.begin_delete(name).result()


def deployment(endpoint: str, folder: Path, **options: Any) -> KubernetesOnlineDeployment:
    (folder / "code").mkdir(exist_ok=True)
    (folder / "code" / "score.py").write_text(SCRIPT)
    (folder / "model").mkdir(exist_ok=True)
    (folder / "model" / "empty.json").write_text("{}")
    return KubernetesOnlineDeployment(
        name="blue",
        endpoint_name=endpoint,
        model=Model(path=str(folder / "model"), name=f"sum-{uuid.uuid4().hex[:8]}"),
        code_configuration=CodeConfiguration(code=str(folder / "code"), scoring_script="score.py"),
        environment=Environment(
            image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04",
            conda_file=CONDA,
            name="serving-test",
            version="1",
        ),
        instance_count=1,
        **options,
    )


def test_a_deployment_on_kubernetes_answers(
    sandbox: RunningSandbox, ml: Any, cluster: str, served: str, tmp_path: Path
) -> None:
    made = ml.online_deployments.begin_create_or_update(deployment(served, tmp_path)).result()
    assert made.provisioning_state == "Succeeded"
    assert made.instance_type == "defaultinstancetype"
    endpoint = ml.online_endpoints.get(served)
    endpoint.traffic = {"blue": 100}
    changed = ml.online_endpoints.begin_create_or_update(endpoint).result()
    assert changed.compute.endswith(f"/computes/{cluster}")
    key = ml.online_endpoints.get_keys(served).primary_key
    with sandbox.http() as client:
        sent = {"authorization": f"Bearer {key}"}
        answer = client.post(changed.scoring_uri, json={"data": [1, 2, 3]}, headers=sent)
    assert answer.json() == 6
    with pytest.raises(HttpResponseError, match=f"serves {served}") as refusal:
        ml.compute.begin_delete(cluster, action="Detach").result()
    assert refusal.value.status_code == 409


def test_an_instance_type_that_the_compute_has_not_is_refused(
    ml: Any, served: str, tmp_path: Path
) -> None:
    wrong = deployment(served, tmp_path, instance_type="huge")
    with pytest.raises(HttpResponseError, match="no instance type 'huge'"):
        ml.online_deployments.begin_create_or_update(wrong).result()


def test_an_endpoint_needs_a_compute_that_is_there_and_serves(ml: Any, name: str) -> None:
    nowhere = KubernetesOnlineEndpoint(name=name, compute="nowhere")
    with pytest.raises(HttpResponseError, match="'nowhere' was not found"):
        ml.online_endpoints.begin_create_or_update(nowhere).result()
    pool = AmlCompute(name=f"c{name[3:]}", size="Standard_DS3_v2", max_instances=1)
    ml.compute.begin_create_or_update(pool).result()
    wrong = KubernetesOnlineEndpoint(name=name, compute=pool.name)
    with pytest.raises(HttpResponseError, match="'AmlCompute', from which no endpoint is served"):
        ml.online_endpoints.begin_create_or_update(wrong).result()


def test_a_managed_endpoint_takes_no_kubernetes_deployment(
    ml: Any, name: str, tmp_path: Path
) -> None:
    managed = ManagedOnlineEndpoint(name=name, auth_mode="key")
    ml.online_endpoints.begin_create_or_update(managed).result()
    with pytest.raises(HttpResponseError, match="takes no deployments of type 'Kubernetes'"):
        ml.online_deployments.begin_create_or_update(deployment(name, tmp_path)).result()
    ml.online_endpoints.begin_delete(name).result()


def test_an_endpoint_stays_where_it_is(ml: Any, cluster: str, name: str) -> None:
    managed = ManagedOnlineEndpoint(name=name, auth_mode="key")
    ml.online_endpoints.begin_create_or_update(managed).result()
    moved = KubernetesOnlineEndpoint(name=name, compute=cluster, auth_mode="key")
    with pytest.raises(HttpResponseError, match="cannot move to"):
        ml.online_endpoints.begin_create_or_update(moved).result()
    ml.online_endpoints.begin_delete(name).result()

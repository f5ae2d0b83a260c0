"""What a deployed model answers is what it predicts in Python, with its own code and without."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml import load_online_deployment
from azure.ai.ml.entities import ManagedOnlineDeployment, Model

from tests.workloads.conftest import BIKE_RENTALS, Workload

REQUEST = json.loads((BIKE_RENTALS / "sample-request.json").read_text())
PREDICT = """
import json, sys, mlflow, pandas
table = json.load(open(sys.argv[2]))["input_data"]
days = pandas.DataFrame(table["data"], columns=table["columns"]).astype(float)
print(json.dumps(mlflow.pyfunc.load_model(sys.argv[1]).predict(days).tolist()))
"""


@pytest.fixture(scope="module")
def predicted(bike_rentals: Workload, trained: Path) -> list[float]:
    request = BIKE_RENTALS / "sample-request.json"
    command = [str(bike_rentals.python), "-c", PREDICT, str(trained / "model"), str(request)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rentals: list[float] = json.loads(said)
    return rentals


def test_both_ways_of_serving_answer_what_the_model_predicts(
    ml: Any,
    endpoint: str,
    trained: Path,
    predicted: list[float],
    score: Callable[..., Any],
) -> None:
    model = ml.models.create_or_update(
        Model(
            path=str(trained / "model"),
            name=f"bike-rentals-{uuid.uuid4().hex[:6]}",
            type="mlflow_model",
        )
    )
    deployment = load_online_deployment(BIKE_RENTALS / "deployment" / "deployment.yml")
    deployment.endpoint_name = endpoint
    deployment.model = model.id
    ml.online_deployments.begin_create_or_update(deployment).result()
    with_code = score(REQUEST, azureml_model_deployment="blue")
    assert with_code.json() == predicted

    ml.online_deployments.begin_create_or_update(
        ManagedOnlineDeployment(
            name="plain",
            endpoint_name=endpoint,
            model=model.id,
            instance_type="Standard_DS3_v2",
            instance_count=1,
        )
    ).result()
    without = score(REQUEST, azureml_model_deployment="plain")
    assert without.json() == predicted
    rows = {"input_data": REQUEST["input_data"]["data"]}
    assert score(rows, azureml_model_deployment="plain").json() == predicted
    named = [
        dict(zip(REQUEST["input_data"]["columns"], row, strict=True))
        for row in REQUEST["input_data"]["data"]
    ]
    records = {"dataframe_records": named}
    assert score(records, azureml_model_deployment="plain").json() == predicted
    missing = {"input_data": {"columns": ["season"], "data": [[1]]}}
    refused = score(missing, azureml_model_deployment="plain")
    assert refused.status_code == 424
    assert refused.headers["ms-azureml-model-error-statuscode"] == "400"
    assert "does not fit the model" in refused.json()["message"]

"""What is refused at submission: one clear error each, and nothing half created."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from azure.ai.ml import Input
from azure.ai.ml.entities import Job
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.sandbox.conftest import Place, RunningSandbox

VERSION = "2025-01-01-preview"


def put(sandbox: RunningSandbox, workspace: Place, name: str, **properties: Any) -> Any:
    body = {"properties": {"jobType": "Command", "command": "true", **properties}}
    return sandbox.arm("PUT", f"{workspace.id}/jobs/{name}", body, version=VERSION)


@pytest.mark.parametrize(
    ("properties", "target", "says"),
    [
        ({"computeId": "{ws}/computes/gone"}, "properties.computeId", "'gone' was not found"),
        (
            {"environmentId": "{ws}/environments/e/versions/9"},
            "properties.environmentId",
            "e/versions/9",
        ),
        (
            {"environmentId": "AzureML-fortran@latest"},
            "properties.environmentId",
            "AzureML-fortran",
        ),
        ({"codeId": "{ws}/codes/c/versions/1"}, "properties.codeId", "codes/c/versions/1"),
        (
            {"inputs": {"x": {"jobInputType": "uri_file", "uri": "{ws}/data/d/versions/1"}}},
            "properties.inputs.x.uri",
            "data/d/versions/1",
        ),
        (
            {
                "inputs": {
                    "x": {"jobInputType": "uri_file", "uri": "azureml://datastores/no/paths/x"}
                }
            },
            "properties.inputs.x.uri",
            "'no' was not found",
        ),
        (
            {
                "inputs": {
                    "x": {
                        "jobInputType": "uri_file",
                        "uri": "azureml://datastores/workspaceblobstore/paths/../x",
                    }
                }
            },
            "properties.inputs.x.uri",
            "'..'",
        ),
        ({"command": "cat ${{inputs.missing}}"}, "properties.command", "inputs.missing"),
        (
            {"environmentVariables": {"X": "${{outputs.missing}}"}},
            "properties.environmentVariables.X",
            "no such output",
        ),
        (
            {"inputs": {"../../x": {"jobInputType": "literal", "value": "1"}}},
            "properties.inputs",
            "'../../x' cannot name",
        ),
        (
            {"outputs": {"a/../../b": {"jobOutputType": "uri_folder"}}},
            "properties.outputs",
            "'a/../../b' cannot name",
        ),
        (
            {"limits": {"jobLimitsType": "Command", "timeout": "an hour"}},
            "properties.limits.timeout",
            "duration",
        ),
        (
            {"limits": {"jobLimitsType": "Command", "timeout": "P999999999999D"}},
            "properties.limits.timeout",
            "longer than a hundred years",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_there_is_refused(
    sandbox: RunningSandbox,
    workspace: Place,
    bare: str,
    cluster: str,
    properties: dict[str, Any],
    target: str,
    says: str,
) -> None:
    import json

    given = json.loads(json.dumps(properties).replace("{ws}", workspace.id))
    environment = f"{workspace.id}/environments/bare/versions/1"
    given = {
        "environmentId": environment,
        "computeId": f"{workspace.id}/computes/{cluster}",
        **given,
    }
    answer = put(sandbox, workspace, "refused", **given)
    assert answer.status_code == 400
    assert answer.json()["error"]["target"] == target
    assert says in answer.json()["error"]["message"]
    there = sandbox.arm("GET", f"{workspace.id}/jobs/refused", version=VERSION)
    assert there.status_code == 404


def test_the_official_client_shows_the_reason(submit: Callable[..., Job]) -> None:
    with pytest.raises(HttpResponseError, match="The compute 'no-cluster' was not found"):
        submit("true", compute="no-cluster")


def test_a_data_asset_that_is_not_there_is_not_submitted(submit: Callable[..., Job]) -> None:
    with pytest.raises((HttpResponseError, ResourceNotFoundError), match="nothing"):
        submit("true", inputs={"x": Input(type="uri_file", path="azureml:nothing:1")})


def test_a_job_type_that_cannot_run_is_refused(sandbox: RunningSandbox, workspace: Place) -> None:
    body = {"properties": {"jobType": "Pipeline", "jobs": {}}}
    answer = sandbox.arm("PUT", f"{workspace.id}/jobs/p", body, version=VERSION)
    assert answer.status_code == 400
    assert "Pipeline" in answer.json()["error"]["message"]

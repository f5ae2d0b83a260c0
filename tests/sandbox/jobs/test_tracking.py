"""The run of a job: it exists before the script, carries the job's name, and ends with the job."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml.entities import Environment, Job
from azure.ai.ml.exceptions import JobException

from tests.sandbox.conftest import RunningSandbox, wait_until
from tests.sandbox.jobs.conftest import ended, log_of

SCRIPT = """
import mlflow
with mlflow.start_run() as run:
    mlflow.log_param("rate", 0.1)
    mlflow.log_metric("rmse", 2.5)
    mlflow.log_text("a note", "notes/note.txt")
print(run.info.run_id, mlflow.get_tracking_uri().split(":")[0])
"""


@pytest.fixture(params=["https", "azureml"])
def environment(request: Any, ml: Any, tmp_path: Path) -> str:
    """With Azure ML's MLflow plug-in and without it: which address a job gets depends on it."""
    packages = {"https": "mlflow-skinny", "azureml": "mlflow-skinny, azureml-mlflow"}[request.param]
    conda = tmp_path / "conda.yml"
    conda.write_text(f"dependencies: [pip: [{packages}]]")
    made = Environment(name=f"mlflow-{request.param}", version="1", conda_file=conda, image="x/y")
    ml.environments.create_or_update(made)
    return f"{request.param}"


def test_a_script_logs_into_the_run_of_its_job(
    ml: Any,
    submit: Callable[..., Job],
    environment: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "log.py").write_text(SCRIPT)
    job = submit(
        "python log.py",
        code=str(tmp_path / "src"),
        environment=f"mlflow-{environment}:1",
        experiment_name=f"tracking-{environment}",
        display_name="shown",
    )
    job = ended(ml, job)
    assert log_of(ml, job, tmp_path).split()[-2:] == [job.name, environment]
    assert job.status == "Completed"

    import mlflow
    from mlflow.tracking import MlflowClient

    address = ml.workspaces.get(ml.workspace_name).mlflow_tracking_uri
    client = MlflowClient(address)
    run = client.get_run(job.name)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "shown"
    assert run.data.metrics == {"rmse": 2.5}
    assert run.data.params == {"rate": "0.1"}
    assert client.get_experiment(run.info.experiment_id).name == f"tracking-{environment}"
    # MLflow writes it there by itself, and the commands of later tests would find it.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    mlflow.set_tracking_uri(address)
    assert mlflow.artifacts.load_text(f"runs:/{job.name}/notes/note.txt") == "a note"


def test_a_failed_job_fails_its_run(ml: Any, submit: Callable[..., Job]) -> None:
    from mlflow.tracking import MlflowClient

    job = ended(ml, submit("false"))
    client = MlflowClient(ml.workspaces.get(ml.workspace_name).mlflow_tracking_uri)
    assert client.get_run(job.name).info.status == "FAILED"


def test_the_run_ends_with_its_job_though_mlflow_was_killed(
    ml: Any, submit: Callable[..., Job], sandbox: RunningSandbox, tmp_path: Path
) -> None:
    from mlflow.tracking import MlflowClient

    gate = tmp_path / "gate"
    job = submit(f"until test -e {gate}; do sleep 0.05; done")
    wait_until(lambda: ml.jobs.get(job.name).status == "Running")
    sandbox.kill("mlflow")
    gate.touch()
    assert ended(ml, job).status == "Completed"
    client = MlflowClient(ml.workspaces.get(ml.workspace_name).mlflow_tracking_uri)
    assert client.get_run(job.name).info.status == "FINISHED"


def test_a_run_that_mlflow_refuses_fails_the_job(ml: Any, submit: Callable[..., Job]) -> None:
    job = submit("true", tags={"mlflow.runName": "another name"})
    with pytest.raises(JobException, match="MLflow did not take the job's run"):
        ml.jobs.stream(job.name)

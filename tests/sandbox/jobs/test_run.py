"""A command job runs for real: its code, inputs, outputs, variables, log and end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml import Input, Output
from azure.ai.ml.entities import Data, Job
from azure.ai.ml.exceptions import JobException

from sandbox.jobs.logs import USER_LOG
from tests.sandbox.conftest import Place, RunningSandbox, wait_until
from tests.sandbox.jobs.conftest import ended, log_of

Submit = Callable[..., Job]


def test_a_job_runs_its_command(ml: Any, submit: Submit, tmp_path: Path) -> None:
    job = ended(ml, submit("echo hello; python -c 'print(6 * 7)'"))
    assert job.status == "Completed"
    assert log_of(ml, job, tmp_path).splitlines() == ["hello", "42"]


def test_code_and_a_local_file_reach_the_script(ml: Any, submit: Submit, tmp_path: Path) -> None:
    source = tmp_path / "src"
    (source / "package").mkdir(parents=True)
    (source / "main.py").write_text("import sys, package.say\npackage.say.it(open(sys.argv[1]))")
    (source / "package" / "say.py").write_text("def it(f): print('read', f.read())")
    (tmp_path / "data.csv").write_text("1,2,3")
    job = submit(
        "python main.py ${{inputs.data}}",
        code=str(source),
        inputs={"data": Input(type="uri_file", path=str(tmp_path / "data.csv"))},
    )
    assert ended(ml, job).status == "Completed"
    assert log_of(ml, job, tmp_path).strip() == "read 1,2,3"


def test_a_data_asset_comes_as_a_folder(ml: Any, submit: Submit, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.txt").write_text("A")
    (folder / "b.txt").write_text("B")
    ml.data.create_or_update(Data(name="letters", version="1", path=folder, type="uri_folder"))
    inputs = {"letters": Input(type="uri_folder", path="azureml:letters@latest")}
    job = submit("cat ${{inputs.letters}}/*.txt", inputs=inputs)
    ended(ml, job)
    assert log_of(ml, job, tmp_path) == "AB"


def test_literals_and_optional_parts_are_replaced(ml: Any, submit: Submit, tmp_path: Path) -> None:
    job = submit(
        "echo rate ${{inputs.rate}} $WHERE",
        inputs={"rate": 0.5},
        environment_variables={"WHERE": "${{inputs.rate}}!"},
    )
    ended(ml, job)
    assert log_of(ml, job, tmp_path).strip() == "rate 0.5 0.5!"


def test_an_output_is_stored_and_can_be_downloaded(ml: Any, submit: Submit, tmp_path: Path) -> None:
    job = submit(
        "echo kept > ${{outputs.result}}/r.txt; test $AZURE_ML_OUTPUT_result = ${{outputs.result}}",
        outputs={"result": Output(type="uri_folder")},
    )
    assert ended(ml, job).status == "Completed"
    ml.jobs.download(job.name, output_name="result", download_path=tmp_path)
    assert (tmp_path / "named-outputs" / "result" / "r.txt").read_text() == "kept\n"


def test_the_output_of_one_job_is_the_input_of_the_next(
    ml: Any, submit: Submit, tmp_path: Path
) -> None:
    first = submit("echo one > ${{outputs.o}}", outputs={"o": Output(type="uri_file")})
    ended(ml, first)
    inputs = {"i": Input(type="uri_file", path=f"azureml://jobs/{first.name}/outputs/o")}
    second = ended(ml, submit("cat ${{inputs.i}}", inputs=inputs))
    assert log_of(ml, second, tmp_path) == "one\n"


def test_a_named_output_becomes_an_asset(ml: Any, submit: Submit) -> None:
    job = submit(
        "echo x > ${{outputs.o}}/x", outputs={"o": Output(type="uri_folder", name="made-by-a-job")}
    )
    ended(ml, job)
    asset = ml.data.get("made-by-a-job", label="latest")
    assert asset.path.endswith(f"/paths/azureml/{job.name}/o")


def test_files_in_outputs_become_artifacts(ml: Any, submit: Submit, tmp_path: Path) -> None:
    job = ended(ml, submit("mkdir outputs; echo chart > outputs/chart.txt"))
    ml.jobs.download(job.name, download_path=tmp_path)
    assert (tmp_path / "artifacts" / "outputs" / "chart.txt").read_text() == "chart\n"


def test_the_variables_of_azure_ml_are_set(
    ml: Any, submit: Submit, workspace: Place, tmp_path: Path
) -> None:
    names = ("AZUREML_RUN_ID", "MLFLOW_RUN_ID", "AZUREML_ARM_WORKSPACE_NAME",
             "MLFLOW_EXPERIMENT_NAME")  # fmt: skip
    job = submit(f"printenv {' '.join(names)}", experiment_name="variables")
    ended(ml, job)
    said = log_of(ml, job, tmp_path).split()
    assert said == [job.name, job.name, workspace.workspace, "variables"]


def test_the_studio_link_names_the_tenant_once(
    ml: Any, submit: Submit, sandbox: RunningSandbox
) -> None:
    """The service leaves it out, since the client appends it."""
    job = ml.jobs.get(submit("true").name)
    assert job.studio_url.endswith(f"&tid={sandbox.environment['AZURE_TENANT_ID']}")
    assert job.studio_url.count("tid=") == 1


def test_no_secret_reaches_the_job_or_its_log(
    ml: Any, submit: Submit, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    job = ended(ml, submit("env"))
    text = log_of(ml, job, tmp_path)
    assert sandbox.environment["AZURE_CLIENT_SECRET"] not in text
    assert "MLFLOW_TRACKING_TOKEN=***" in text


def test_a_secret_in_two_halves_is_blanked_out_of_the_log(
    ml: Any, submit: Submit, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    job = submit(
        'printf "begun %s" "${MLFLOW_TRACKING_TOKEN:0:40}"; '
        f"until test -e {gate}; do sleep 0.05; done; "
        'printf "%s, ended" "${MLFLOW_TRACKING_TOKEN:40}"'
    )
    logs = f"*{job.name}*/{USER_LOG}"

    def shown() -> bool:
        return any("begun" in log.read_text() for log in sandbox.directory.jobs.glob(logs))

    wait_until(shown, what="the unfinished line is in the log")
    gate.touch()
    assert ended(ml, job).status == "Completed"
    assert log_of(ml, job, tmp_path) == "begun ***, ended"


def test_a_failing_script_fails_the_job_with_the_end_of_its_log(
    ml: Any, submit: Submit, capsys: Any
) -> None:
    job = submit("echo before; echo the reason >&2; exit 3")
    with pytest.raises(JobException) as failure:
        ml.jobs.stream(job.name)
    assert ml.jobs.get(job.name).status == "Failed"
    assert "status code 3" in str(failure.value)
    assert "the reason" in str(failure.value)


def test_stream_prints_the_log_of_a_job_that_is_over_already(
    ml: Any, submit: Submit, capsys: Any
) -> None:
    job = ended(ml, submit("echo quick"))
    ml.jobs.stream(job.name)
    assert "quick" in capsys.readouterr().out


def test_an_input_where_nothing_is_stored_fails_the_job(ml: Any, submit: Submit) -> None:
    path = "azureml://datastores/workspaceblobstore/paths/not/there.csv"
    job = submit("cat ${{inputs.x}}", inputs={"x": Input(type="uri_file", path=path)})
    with pytest.raises(JobException, match=r"nothing is stored under .*not/there\.csv"):
        ml.jobs.stream(job.name)


def test_archive_hides_a_job(ml: Any, submit: Submit) -> None:
    job = ended(ml, submit("true"))
    ml.jobs.archive(job.name)
    assert job.name not in [item.name for item in ml.jobs.list()]
    ml.jobs.restore(job.name)
    assert job.name in [item.name for item in ml.jobs.list()]

"""A job's YAML before it is submitted: what `--set` may change, and data that is not there yet.

- Only what the file declares can be set; the file itself is never written.
- Local data that is missing is made by the workload, or the job is refused.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from azure.core.exceptions import ResourceNotFoundError

from ops import jobs
from ops.failure import Failure
from ops.jobs import draft, make_data

JOB = {
    "command": "python train.py",
    "inputs": {"rate": 0.1, "data": {"type": "uri_file", "path": "data/days.csv"}},
}


@pytest.fixture
def job(tmp_path: Path) -> Path:
    file = tmp_path / "train.yml"
    file.write_text(yaml.safe_dump(JOB))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "days.csv").write_text("day\n1\n")
    return file


@pytest.mark.parametrize(
    ("setting", "value"),
    [("0.2", 0.2), ("400", 400), ("true", True), ("text", "text"), ("a=b", "a=b"), ("", None)],
)
def test_a_setting_is_read_as_yaml(job: Path, setting: str, value: object) -> None:
    made = draft(job, [f"inputs.rate={setting}"])
    assert made.declared["inputs"]["rate"] == value
    assert made.overrides == [{"inputs.rate": value}]


def test_later_settings_win_and_the_file_stays(job: Path) -> None:
    before = job.read_text()
    made = draft(job, ["inputs.rate=1", "inputs.rate=2", "compute=azureml:other"])
    assert made.declared["inputs"]["rate"] == 2
    assert made.declared["compute"] == "azureml:other"
    assert job.read_text() == before


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("inputs.rate", "must look like --set inputs"),
        ("=1", "must look like --set inputs"),
        ("inputs.raet=1", "has no 'inputs.raet' to set; it has: inputs.data, inputs.rate"),
        ("inputs.rate.deep=1", "has no 'inputs.rate.deep' to set"),
        ("nowhere.at.all=1", "has no 'nowhere.at.all' to set"),
        ("inputs.rate=[1", r"'\[1' is no YAML"),
        ("inputs=3", "its inputs are no mapping"),
    ],
)
def test_a_setting_that_does_not_fit(job: Path, setting: str, message: str) -> None:
    with pytest.raises(Failure, match=message):
        draft(job, [setting])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"a: [", "is not YAML"),
        (b"\xff\xfe", "is not YAML"),
        (b"- a", "a mapping was expected"),
        (b"", "a mapping was expected"),
        (b"inputs: [a]", "its inputs are no mapping"),
    ],
)
def test_a_file_that_is_no_job(tmp_path: Path, text: bytes, message: str) -> None:
    file = tmp_path / "job.yml"
    file.write_bytes(text)
    with pytest.raises(Failure, match=message):
        draft(file, [])


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="There is no job file"):
        draft(tmp_path / "job.yml", [])


def test_missing_data_are_made_by_the_workload(job: Path) -> None:
    data = job.parent / "data" / "days.csv"
    data.unlink()
    job.with_name("data.py").write_text(
        "import os, pathlib\n"
        "file = pathlib.Path(__file__).parent / 'data' / 'days.csv'\n"
        "file.write_text(os.environ['WHO'])\n"
    )
    make_data(draft(job, []), {**os.environ, "WHO": "the person's own environment"})
    assert data.read_text() == "the person's own environment"


def test_missing_data_that_nobody_makes(job: Path) -> None:
    (job.parent / "data" / "days.csv").unlink()
    with pytest.raises(Failure, match=r"The input 'data/days.csv' of .* does not exist"):
        make_data(draft(job, []), {})


def test_a_data_step_that_fails_says_why(job: Path) -> None:
    (job.parent / "data" / "days.csv").unlink()
    job.with_name("data.py").write_text("raise SystemExit('the checksum differs')")
    with pytest.raises(Failure, match=r"data.py failed:\nthe checksum differs"):
        make_data(draft(job, []), dict(os.environ))


def test_an_input_set_to_an_asset_needs_no_file(job: Path) -> None:
    (job.parent / "data" / "days.csv").unlink()
    made = draft(job, ["inputs.data.path=azureml:days@latest"])
    make_data(made, {})
    assert made.declared["inputs"]["data"]["path"] == "azureml:days@latest"


@pytest.mark.parametrize("ask", [jobs.show, jobs.logs, jobs.cancel])
def test_a_job_that_is_not_there(ask: Callable[[Any, str], object]) -> None:
    def nowhere(_name: str) -> None:
        raise ResourceNotFoundError("(ResourceNotFound) The Resource was not found.")

    client = SimpleNamespace(jobs=SimpleNamespace(get=nowhere, begin_cancel=nowhere))
    with pytest.raises(Failure, match=r"'dev' has no job 'gone'\. See: amlops jobs list dev"):
        ask(SimpleNamespace(environment="dev", client=client), "gone")

"""A command job runs for real: its code, inputs, outputs, log and end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from azure.ai.ml.entities import Job

from tests.sandbox.jobs.conftest import ended, log_of


def test_a_job_runs_its_command(ml: Any, submit: Callable[..., Job], tmp_path: Path) -> None:
    job = ended(ml, submit("echo hello; python -c 'print(6 * 7)'"))
    assert job.status == "Completed"
    assert log_of(ml, job, tmp_path).splitlines() == ["hello", "42"]

"""Environments: what a specification asks for, what is built, what cannot be."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml.entities import Environment, Job
from azure.ai.ml.exceptions import JobException

from sandbox.jobs import environments
from sandbox.jobs.environments import prepare
from sandbox.jobs.specification import InvalidEnvironmentError, Specification
from sandbox.supervisor.garbage import collect
from tests.sandbox.conftest import RunningSandbox, wait_until
from tests.sandbox.jobs.conftest import ended, log_of


def conda(text: str) -> Specification:
    return Specification.of({"condaFile": text})


def test_conda_versions_become_those_of_pip() -> None:
    found = conda(
        "dependencies: [python=3.11, numpy=1.26, 'pandas>=2', pytorch==2.5.1, pip: [six]]"
    )
    assert found.python == "3.11"
    assert found.requirements == ("numpy==1.26.*", "pandas>=2", "torch==2.5.1", "six")


def test_what_only_conda_needs_is_left_out() -> None:
    assert conda("dependencies: [pip, openmpi=4.1, pip: []]").requirements == ()


@pytest.mark.parametrize("text", ["a: [", "[]", "dependencies: 3", "dependencies: [{conda: [x]}]"])
def test_a_conda_file_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidEnvironmentError, match="conda file"):
        conda(text)


def test_a_requirement_may_not_name_a_file() -> None:
    with pytest.raises(InvalidEnvironmentError, match="list the packages themselves"):
        conda("dependencies: [pip: ['-r /etc/passwd']]")


@pytest.mark.parametrize(
    "name",
    [
        "azureml://registries/azureml/environments/sklearn-1.5/labels/latest",
        "AzureML-sklearn-1.0-ubuntu20.04-py38-cpu@latest",
        "azureml:AzureML-lightgbm-3.3:7",
    ],
)
def test_a_curated_name_stands_for_packages(name: str) -> None:
    assert any(line.startswith("scikit-learn") for line in Specification.of(name).requirements)


def test_an_unknown_curated_name_is_refused() -> None:
    with pytest.raises(InvalidEnvironmentError, match="AzureML-fortran"):
        Specification.of("AzureML-fortran@latest")


def test_an_image_alone_gets_the_default_set_and_a_warning() -> None:
    found = Specification.of({"image": "mcr.microsoft.com/azureml/minimal"})
    assert found.requirements
    assert "runs no Docker images" in found.notes[0]


def test_a_build_context_is_read_for_its_requirements(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("six==1.16.0  # old\n\n# nothing\n")
    found = Specification.of({"build": {"contextUri": "x"}}, tmp_path)
    assert found.requirements == ("six==1.16.0",)


def test_order_and_notes_do_not_change_the_hash() -> None:
    one = Specification(requirements=("a", "b"), notes=("x",))
    assert one.hash == Specification(requirements=("b", "a")).hash
    assert one.hash != Specification(requirements=("a",)).hash


def test_two_builders_of_one_environment_build_it_once(tmp_path: Path) -> None:
    said: list[str] = []

    async def both() -> set[Path]:
        wanted = Specification(requirements=("six",))
        return set(await asyncio.gather(*(prepare(wanted, tmp_path, said.append) for _ in "ab")))

    (python,) = asyncio.run(both())
    assert subprocess.run([python, "-c", "import six"], check=False).returncode == 0
    assert sum(line.startswith("Building environment") for line in said) == 1


def test_what_a_killed_builder_left_is_built_anew(tmp_path: Path) -> None:
    wanted = Specification(requirements=("six",))
    left = tmp_path / wanted.hash / "bin"
    left.mkdir(parents=True)
    (left / "python").write_text("half of it")
    python = asyncio.run(prepare(wanted, tmp_path, lambda _: None))
    assert subprocess.run([python, "-c", "import six"], check=False).returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_uv_has_the_builders_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may outlive a killed builder: until it ends, nobody else builds in that folder."""
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\nreadlink /proc/$$/fd/*\nexit 0\n")
    uv.chmod(0o755)
    monkeypatch.setattr(environments, "_uv_binary", lambda: str(uv))
    said: list[str] = []
    wanted = Specification(requirements=("six",))

    def log(line: str) -> None:
        (tmp_path / wanted.hash).mkdir(exist_ok=True)  # As the real uv would have made it.
        said.append(line)

    asyncio.run(prepare(wanted, tmp_path, log))
    assert said.count(str(tmp_path / f"{wanted.hash}.lock")) == 2, "of both commands"


def test_a_python_that_is_not_there_is_replaced_with_a_warning(tmp_path: Path) -> None:
    said: list[str] = []
    asyncio.run(prepare(Specification(python="3.6"), tmp_path, said.append))
    assert any(line.startswith("Warning: Python 3.6 is not on this machine") for line in said)


def test_a_job_gets_the_version_that_it_asks_for(
    ml: Any, submit: Callable[..., Job], tmp_path: Path
) -> None:
    """Our own environment has another one."""
    file = tmp_path / "conda.yml"
    file.write_text("dependencies: [python=3.11, pip: [six==1.15.0]]")
    wanted = Environment(name="old-six", version="1", conda_file=file, image="mcr/ubuntu")
    ml.environments.create_or_update(wanted)
    job = ended(
        ml, submit("python -c 'import six; print(six.__version__)'", environment="old-six:1")
    )
    assert log_of(ml, job, tmp_path).strip() == "1.15.0"


def test_packages_that_cannot_be_resolved_fail_the_job_with_the_reason(
    ml: Any, submit: Callable[..., Job], tmp_path: Path
) -> None:
    file = tmp_path / "conda.yml"
    file.write_text("dependencies: [pip: [six==99.0]]")
    wanted = Environment(name="no-six", version="1", conda_file=file, image="mcr/ubuntu")
    ml.environments.create_or_update(wanted)
    job = submit("true", environment="no-six:1")
    with pytest.raises(JobException, match=r"no version of six==99\.0"):
        ml.jobs.stream(job.name)


def test_the_environment_of_a_running_job_is_not_collected(
    ml: Any, sandbox: RunningSandbox, submit: Callable[..., Job], tmp_path: Path
) -> None:
    code = "import sys; print(sys.prefix)"
    job = submit(
        f"touch {tmp_path}/up; until [ -e {tmp_path}/go ]; do sleep 0.05; done; python -c '{code}'"
    )
    wait_until((tmp_path / "up").exists, what="the script runs")
    removed = [path for path, _ in collect(sandbox.directory)]
    (tmp_path / "go").touch()
    assert ended(ml, job).status == "Completed"
    used = Path(log_of(ml, job, tmp_path).strip())
    assert used.parent == sandbox.directory.environments
    assert used not in removed

"""Jobs in a real sandbox, submitted by the official client."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml import command
from azure.ai.ml.entities import AmlCompute, Environment, Job

from tests.sandbox.conftest import wait_until

ENDED = ("Completed", "Failed", "Canceled")


@pytest.fixture(scope="package")
def cluster(ml: Any) -> str:
    """A cluster of at most two nodes."""
    made = AmlCompute(name="cpu-cluster", size="Standard_DS3_v2", min_instances=0, max_instances=2,
                      idle_time_before_scale_down=120)  # fmt: skip
    ml.compute.begin_create_or_update(made).result()
    return "cpu-cluster"


@pytest.fixture(scope="package")
def bare(ml: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An environment without packages: it is there at once."""
    conda = tmp_path_factory.mktemp("bare") / "conda.yml"
    conda.write_text("dependencies: [python=3.11, pip: []]")
    environment = Environment(name="bare", version="1", conda_file=conda, image="mcr/ubuntu")
    ml.environments.create_or_update(environment)
    return "bare:1"


@pytest.fixture
def submit(ml: Any, cluster: str, bare: str) -> Callable[..., Job]:
    """Submit a command; what is not said is the cluster and the bare environment."""

    def submit(text: str, **options: Any) -> Job:
        settings = {"compute": cluster, "environment": bare, **options}
        name = f"job-{uuid.uuid4().hex[:8]}"
        return ml.jobs.create_or_update(command(command=text, name=name, **settings))

    return submit


def ended(ml: Any, job: Job) -> Job:
    """The job when it has ended."""
    return wait_until(
        lambda: (found := ml.jobs.get(job.name)).status in ENDED and found,
        what=f"{job.name} ends",
    )


def log_of(ml: Any, job: Job, folder: Path) -> str:
    """The user's log, as `jobs.download` brings it."""
    ml.jobs.download(job.name, download_path=folder)
    return (folder / "artifacts" / "user_logs" / "std_log.txt").read_text()

"""The workload's own environment, built once from its conda file, and its data."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.environment import without_sandbox
from sandbox.jobs.environments import prepare
from sandbox.jobs.specification import Specification

BIKE_RENTALS = Path(__file__).parents[2] / "workloads" / "bike-rentals"


@contextmanager
def outside() -> Iterator[None]:
    """Packages come from the person's own index, past a sandbox that this process may be in."""
    with pytest.MonkeyPatch.context() as patch:
        own = without_sandbox(os.environ)
        for name in set(os.environ) - set(own):
            patch.delenv(name)
        for name, value in own.items():
            patch.setenv(name, value)
        yield


@dataclass(frozen=True)
class Workload:
    """python: with what the workload's conda file lists. data: the CSV of its data step."""

    folder: Path
    python: Path
    data: Path

    def run(self, *arguments: str, tracking: Path) -> subprocess.CompletedProcess[str]:
        """Run a script of the workload as a job would, with MLflow in a local folder."""
        # MLflow's own variables may be left by tests that ran before in this process.
        own = {key: value for key, value in os.environ.items() if not key.startswith("MLFLOW_")}
        environment = {
            **own,
            "MLFLOW_TRACKING_URI": tracking.as_uri(),
            "MLFLOW_ALLOW_FILE_STORE": "true",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
        return subprocess.run(
            [str(self.python), *arguments],
            cwd=self.folder / "src",
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def bike_rentals(tmp_path_factory: pytest.TempPathFactory) -> Workload:
    place = tmp_path_factory.mktemp("bike-rentals")
    data = place / "daily.csv"
    wanted = Specification.of({"condaFile": (BIKE_RENTALS / "src" / "conda.yml").read_text()})
    with outside():
        subprocess.run(
            [sys.executable, "data.py", "--output", data, "--package", place / "package"],
            cwd=BIKE_RENTALS,
            check=True,
            capture_output=True,
        )
        python = asyncio.run(prepare(wanted, place / "environments", lambda _: None))
    return Workload(BIKE_RENTALS, python, data)


def metrics(tracking: Path) -> dict[str, float]:
    """What the one run in a local tracking folder has logged."""
    files = tracking.glob("*/*/metrics/*")
    return {path.name: float(path.read_text().split()[1]) for path in files}


def train(workload: Workload, place: Path, *settings: str) -> dict[str, float]:
    arguments = ["train.py", "--data", str(workload.data), "--model", str(place / "model")]
    done = workload.run(*arguments, *settings, tracking=place / "runs")
    assert done.returncode == 0, done.stderr
    return metrics(place / "runs")


@pytest.fixture(scope="session")
def trained(bike_rentals: Workload, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("trained")
    train(bike_rentals, place)
    return place

"""Bike rentals runs outside of any workspace, always with the same result, and beats the mean."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from azure.ai.ml import load_job, load_online_deployment, load_online_endpoint

from tests.workloads.conftest import BIKE_RENTALS, Workload, metrics, train


def test_data_are_one_row_a_day(bike_rentals: Workload) -> None:
    with bike_rentals.data.open() as file:
        days = list(csv.DictReader(file))
    assert len(days) == 365
    assert list(days[0].values()) == [
        *("1", "1", "1", "0", "6", "0", "1"),
        *("0.344167", "0.363625", "0.805833", "0.160446", "331"),
    ]
    assert sum(int(day["rentals"]) for day in days) == 247_252, "all casual riders of 2011"
    assert [int(day["mnth"]) for day in days] == sorted(int(day["mnth"]) for day in days)


def test_other_data_than_the_pinned_are_refused(bike_rentals: Workload, tmp_path: Path) -> None:
    hourly = tmp_path / "package" / "ISLP" / "data" / "Bikeshare.csv"
    hourly.parent.mkdir(parents=True)
    original = bike_rentals.data.parent / "package" / "ISLP" / "data" / "Bikeshare.csv"
    hourly.write_text(original.read_text().replace(",13,16", ",14,17", 1))
    output = tmp_path / "daily.csv"
    done = subprocess.run(
        [sys.executable, "data.py", "--output", output, "--package", tmp_path / "package"],
        cwd=BIKE_RENTALS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "SHA-256" in done.stderr
    assert "Traceback" not in done.stderr
    assert not output.exists()


def test_the_model_beats_the_mean_and_passes_its_gate(trained: Path) -> None:
    found = metrics(trained / "runs")
    assert found["rmse"] == pytest.approx(223.561, abs=0.5)
    assert found["baseline_rmse"] == pytest.approx(461.007, abs=0.01)
    assert found["normalized_rmse"] == pytest.approx(found["rmse"] / 1569, abs=1e-6)
    gate = yaml.safe_load((BIKE_RENTALS / "gate.yml").read_text())
    assert gate["direction"] == "minimize"
    assert found[gate["metric"]] < gate["bound"] < found["baseline_rmse"]


def test_the_same_settings_give_the_same_model(
    bike_rentals: Workload, trained: Path, tmp_path: Path
) -> None:
    assert train(bike_rentals, tmp_path) == metrics(trained / "runs")
    first, again = (place / "model" / "model.pkl" for place in (trained, tmp_path))
    assert first.read_bytes() == again.read_bytes()


def test_a_model_that_hardly_learns_fails_the_gate(bike_rentals: Workload, tmp_path: Path) -> None:
    gate = yaml.safe_load((BIKE_RENTALS / "gate.yml").read_text())
    assert train(bike_rentals, tmp_path, "--max-iter", "1")[gate["metric"]] > gate["bound"]


def test_the_model_is_among_the_runs_artifacts(trained: Path) -> None:
    (logged,) = (trained / "runs").glob("*/*/artifacts/model/MLmodel")
    assert logged.read_text() == (trained / "model" / "MLmodel").read_text()


def test_no_days_on_one_side_is_refused(bike_rentals: Workload, tmp_path: Path) -> None:
    arguments = ["train.py", "--data", str(bike_rentals.data), "--model", str(tmp_path / "model")]
    done = bike_rentals.run(*arguments, "--test-share", "1", tracking=tmp_path / "runs")
    assert done.returncode != 0
    assert done.stderr.strip() == "train.py: --test-share 1.0 leaves no days on one side"


def test_the_official_client_reads_its_files(bike_rentals: Workload) -> None:
    """Paths in the YAML are relative to it; the data file is made by the data step first."""
    overrides: list[dict[str, Any]] = [{"inputs.data.path": str(bike_rentals.data)}]
    job = load_job(BIKE_RENTALS / "train.yml", params_override=overrides)
    assert job.compute == "cpu-cluster"
    assert set(job.inputs) >= {"data", "test_share", "learning_rate", "max_iter", "seed"}
    deployment = load_online_deployment(BIKE_RENTALS / "deployment" / "deployment.yml")
    endpoint = load_online_endpoint(BIKE_RENTALS / "deployment" / "endpoint.yml")
    assert deployment.endpoint_name == endpoint.name
    script = Path(deployment.code_configuration.code) / deployment.code_configuration.scoring_script
    assert (BIKE_RENTALS / "deployment" / script).exists()


def test_the_sample_request_has_three_held_out_days(bike_rentals: Workload) -> None:
    table = json.loads((BIKE_RENTALS / "sample-request.json").read_text())["input_data"]
    with bike_rentals.data.open() as file:
        held_out = list(csv.DictReader(file))[292:]
    known = [[float(day[name]) for name in table["columns"]] for day in held_out]
    assert len(table["data"]) == 3
    assert all(row in known for row in table["data"])

"""What is wrong ends a command with one message, a code that is not zero, and nothing half done."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.end_to_end.chain import ML_VERSION, MODEL, WORKLOAD, WORKSPACES, Chain
from tests.end_to_end.commands import ROOT, Amlops

JOB: dict[str, Any] = {
    "type": "command",
    "command": "python -c 'print(42)'",
    "environment": {
        "image": "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest",
        "conda_file": str(WORKLOAD / "src" / "conda.yml"),
    },
    "compute": "azureml:cpu-cluster",
}


def job_file(folder: Path, **changes: Any) -> str:
    file = folder / "job.yml"
    file.write_text(yaml.safe_dump(JOB | changes))
    return str(file)


def jobs(amlops: Amlops) -> dict[str, str]:
    found = amlops.arm(f"{WORKSPACES['dev']}/jobs", ML_VERSION)["value"]
    return {job["name"]: job["properties"]["status"] for job in found}


@pytest.mark.step("register")
def test_a_failing_script_fails_the_command_with_its_last_lines(
    chain: Chain, tmp_path: Path
) -> None:
    chain.have("up-dev")
    before = set(jobs(chain.amlops))
    script = "python -c 'print(\"the last words\"); raise SystemExit(3)'"
    told = chain.amlops.run("train", "dev", job_file(tmp_path, command=script)).refusal()
    ((name, status),) = [pair for pair in jobs(chain.amlops).items() if pair[0] not in before]
    assert status == "Failed"
    assert f"Job {name} ended as Failed." in told
    assert "the last words" in told
    assert "the last words" in chain.amlops.ok("jobs", "logs", "dev", name).output


MISSING: dict[str, dict[str, Any]] = {
    "compute": {"compute": "azureml:gpu-cluster"},
    "environment": {"environment": "azureml:no-such-environment:7"},
    "data": {
        "command": "cat ${{inputs.days}}",
        "inputs": {"days": {"type": "uri_file", "path": "azureml:no-such-data:7"}},
    },
    "file": {
        "command": "cat ${{inputs.days}}",
        "inputs": {"days": {"type": "uri_file", "path": "no-such-file.csv"}},
    },
}


@pytest.mark.step("register")
@pytest.mark.parametrize("what", MISSING)
def test_a_job_that_asks_for_what_is_not_there(chain: Chain, tmp_path: Path, what: str) -> None:
    chain.have("up-dev")
    name = "gpu-cluster" if what == "compute" else f"no-such-{what}"
    before = jobs(chain.amlops)
    told = chain.amlops.run("train", "dev", job_file(tmp_path, **MISSING[what])).refusal()
    assert name in told
    assert len(told.splitlines()) <= 3, told
    assert jobs(chain.amlops) == before, "nothing half created"


@pytest.fixture
def mistyped() -> Iterator[str]:
    """A stack whose file says `clustres`."""
    file = ROOT / "stacks" / "Pulumi.mistyped.yaml"
    text = (ROOT / "stacks" / "Pulumi.dev.yaml").read_text()
    file.write_text(text.replace("clusters:", "clustres:"))
    yield "mistyped"
    file.unlink()


@pytest.mark.step("register")
def test_a_mistyped_setting_stops_before_anything_is_planned(amlops: Amlops, mistyped: str) -> None:
    told = amlops.run("up", mistyped).refusal()
    setting = "stacks/Pulumi.mistyped.yaml: amlops:settings.clustres"
    assert told.startswith(f"{setting}: unknown; allowed are ")
    assert len(told.splitlines()) == 1


@pytest.mark.step("up-test")
def test_a_model_that_fails_the_gate_changes_nothing(chain: Chain, tmp_path: Path) -> None:
    chain.have("register")
    chain.have("up-test")
    strict = tmp_path / MODEL
    shutil.copytree(WORKLOAD / "deployment", strict / "deployment")
    shutil.copy(WORKLOAD / "sample-request.json", strict)
    gate = yaml.safe_load((WORKLOAD / "gate.yml").read_text())
    (strict / "gate.yml").write_text(yaml.safe_dump(gate | {"bound": 100}))

    def state() -> list[Any]:
        parts = ("models", "onlineEndpoints", f"onlineEndpoints/{endpoint}/deployments")
        return [chain.amlops.arm(f"{WORKSPACES['test']}/{part}", ML_VERSION) for part in parts]

    endpoint = chain.amlops.data("outputs", "test")["endpoints"][MODEL]["name"]
    before = state()
    arguments = ["--from", "dev", "--to", "test", "--workload", str(strict)]
    told = chain.amlops.run("promote", MODEL, *arguments).refusal()
    assert "does not pass the gate; 'test' is unchanged" in told
    assert re.search(r"FAIL  rmse against the bound: 2\d\d\.\d+ \(limit 100\)", told)
    assert state() == before


@pytest.mark.step("teardown-test")
def test_a_wrong_name_tears_nothing_down(chain: Chain) -> None:
    chain.have("up-dev")
    before = chain.amlops.arm("resources", "2025-04-01")["value"]
    told = chain.amlops.run("teardown", "dev", "--yes-delete", "rg-bikes-prod").refusal()
    assert told == "'rg-bikes-prod' is not 'rg-bikes-dev': nothing was deleted."
    assert chain.amlops.arm("resources", "2025-04-01")["value"] == before

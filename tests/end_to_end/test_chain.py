"""The steps of the demo in one sandbox, from `up` to `teardown`, and what may go wrong on the way.

- Kill -9, faults like those of `test_soak.py`: the same command again converges. A job whose
  runner is killed has a final state and its log.
- Who owns what: the program an endpoint, `amlops deploy` its deployments and their traffic, the
  service the registry that it made. No update takes them away, none of them is drift.
- What is wrong ends a command with one message, a code that is not zero, and nothing half done.
- `down` leaves nothing and `up` comes again.

The tests are one story and run in order; each also takes the steps that it needs by itself.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.checkout import copy
from tests.end_to_end.chain import (
    GROUP_VERSION,
    ML_VERSION,
    MODEL,
    SAMPLE,
    WORKLOAD,
    WORKSPACES,
    Chain,
)
from tests.end_to_end.commands import ROOT, Amlops
from tests.end_to_end.faults import Fault
from tests.sandbox.conftest import wait_until

STACK_FILE = ROOT / "stacks" / "Pulumi.dev.yaml"
WORKSPACE = WORKSPACES["dev"]
JOB: dict[str, Any] = {
    "type": "command",
    "command": "python -c 'print(42)'",
    "environment": {
        "image": "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest",
        "conda_file": str(WORKLOAD / "src" / "conda.yml"),
    },
    "compute": "azureml:cpu-cluster",
}


def pulumi(amlops: Amlops, *arguments: str) -> str:
    """Plain Pulumi in the sandbox's environment; what it printed."""
    ended = amlops.run("sandbox", "run", "--", "pulumi", *arguments, "--non-interactive")
    assert ended.code == 0, str(ended)
    return ended.output


def served(amlops: Amlops) -> tuple[Any, list[str]]:
    """The endpoint's traffic and its deployments."""
    endpoint = amlops.data("outputs", "dev")["endpoints"][MODEL]["name"]
    path = f"{WORKSPACE}/onlineEndpoints/{endpoint}"
    deployments = amlops.arm(f"{path}/deployments", ML_VERSION)["value"]
    traffic = amlops.arm(path, ML_VERSION)["properties"]["traffic"]
    return traffic, sorted(item["name"] for item in deployments)


def job_file(folder: Path, **changes: Any) -> str:
    file = folder / "job.yml"
    file.write_text(yaml.safe_dump(JOB | changes))
    return str(file)


def jobs(amlops: Amlops) -> dict[str, str]:
    found = amlops.arm(f"{WORKSPACES['dev']}/jobs", ML_VERSION)["value"]
    return {job["name"]: job["properties"]["status"] for job in found}


def test_up_killed_with_all_its_processes_is_taken_up_again(chain: Chain) -> None:
    Fault("up-dev", "session", 3).strike(chain)


def test_a_job_whose_runner_is_killed_ends_with_its_log(chain: Chain, tmp_path: Path) -> None:
    chain.have("up-dev")
    amlops, before = chain.amlops, jobs(chain.amlops)
    file = job_file(tmp_path, command="echo begun; sleep 600")
    training = amlops.start("train", "dev", file)
    try:
        wait_until(lambda: "\nbegun\n" in str(training), what="the job's log has what it said")
        (name,) = jobs(amlops).keys() - before.keys()
        (runner,) = [pid for unit, pid in amlops.units().items() if unit.startswith(f"job-{name}")]
        os.kill(runner, signal.SIGKILL)
        ended = training.end()
    finally:
        if training.process.poll() is None:
            training.kill()
    assert f"Job {name} ended as Failed." in ended.refusal(), "a lost job has a final state"
    assert amlops.ok("jobs", "logs", "dev", name).output == "begun\n"
    amlops.no_strays()


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
def mistyped(amlops: Amlops, tmp_path: Path) -> Amlops:
    """A checkout of its own whose dev says `clustres`: other tests read the files of this one."""
    checkout = copy(tmp_path / "checkout")
    file = checkout / "stacks" / STACK_FILE.name
    file.write_text(file.read_text().replace("clusters:", "clustres:"))
    return Amlops(amlops.directory, "short", checkout)


def test_a_mistyped_setting_stops_before_anything_is_planned(mistyped: Amlops) -> None:
    told = mistyped.run("up", "dev").refusal()
    setting = r"stacks/Pulumi\.dev\.yaml:\d+:5: amlops:settings\.clustres"
    assert re.match(f"{setting}: unknown; allowed are .*; did you mean 'clusters'", told)
    assert len(told.splitlines()) == 1


def test_updates_leave_traffic_and_a_lazily_made_registry_alone(
    chain: Chain, tmp_path: Path
) -> None:
    chain.have("deploy")
    amlops = chain.amlops
    before = served(amlops)
    assert list(before[0].values()) == [100]
    registry = amlops.arm(WORKSPACE, ML_VERSION)["properties"]["containerRegistry"]
    assert registry, "the service made one for the deployment's image"

    text = STACK_FILE.read_text()
    (tmp_path / STACK_FILE.name).write_text(text.replace("owner: data-science", "owner: research"))
    other = f"--config-file={tmp_path / STACK_FILE.name}"
    pulumi(amlops, "up", "-s", "dev", "--yes", "--skip-preview", other)
    assert amlops.arm(WORKSPACE, ML_VERSION)["tags"]["owner"] == "research"
    assert served(amlops) == before

    changes = amlops.data("up", "dev")["changes"]
    assert set(changes) == {"same", "update"}, changes
    assert amlops.arm(WORKSPACE, ML_VERSION)["tags"]["owner"] == "data-science"
    assert amlops.arm(WORKSPACE, ML_VERSION)["properties"]["containerRegistry"] == registry
    assert served(amlops) == before
    pulumi(amlops, "refresh", "-s", "dev", "--preview-only", "--expect-no-changes")
    assert len(amlops.data("score", "dev", MODEL, "--data", str(SAMPLE))) == 3
    assert STACK_FILE.read_text() == text


def test_what_somebody_else_made_is_not_adopted_but_can_be_imported(chain: Chain) -> None:
    chain.have("up-dev")
    amlops = chain.amlops
    project = "urn:pulumi:dev::amlops::amlops:infra:Computes"
    token, name = "azure-native:machinelearningservices:Compute", "computes-cluster-cpu-cluster"
    identifier = f"/subscriptions/{amlops.subscription}/{WORKSPACE}/computes/cpu-cluster"
    pulumi(amlops, "state", "delete", f"{project}${token}::{name}", "-s", "dev", "--yes")
    told = amlops.run("up", "dev").refusal()
    assert "cannot create already existing resource" in told
    assert f"pulumi import {token} {name} {identifier}" in told
    pulumi(
        amlops,
        *("import", token, name, identifier, "-s", "dev", "--yes", "--skip-preview"),
        *("--parent", f"parent={project}::computes", "--generate-code=false", "--protect=false"),
    )
    pulumi(amlops, "preview", "-s", "dev", "--expect-no-changes")


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


def test_down_leaves_nothing_and_up_comes_again(chain: Chain) -> None:
    chain.have("up-dev")
    amlops = chain.amlops
    before = amlops.data("outputs", "dev")
    amlops.ok("down", "dev", "--yes")
    chain.forget("up-dev")
    groups = amlops.arm("resourcegroups", GROUP_VERSION)["value"]
    assert "rg-bikes-dev" not in [group["name"] for group in groups]
    resources = amlops.arm("resources", GROUP_VERSION)["value"]
    assert not [item for item in resources if "/rg-bikes-dev/" in item["id"]]
    assert not [name for name in amlops.units() if name.startswith("deployment-")]
    chain.have("up-dev")
    assert amlops.data("outputs", "dev") == before


def test_a_wrong_name_tears_nothing_down(chain: Chain) -> None:
    chain.have("up-dev")
    before = chain.amlops.arm("resources", GROUP_VERSION)["value"]
    told = chain.amlops.run("teardown", "dev", "--yes-delete", "rg-bikes-prod").refusal()
    assert told == "'rg-bikes-prod' is not 'rg-bikes-dev': nothing was deleted."
    assert chain.amlops.arm("resources", GROUP_VERSION)["value"] == before


def test_a_teardown_with_the_sandbox_killed_under_it_leaves_nothing(chain: Chain) -> None:
    Fault("teardown-dev", "sandbox", 2).strike(chain)

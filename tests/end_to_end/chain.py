"""The steps of the demo as a chain: each can be taken again, and is checked when it was taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.end_to_end.commands import ROOT, Amlops, Ended
from tests.sandbox.conftest import wait_until

MODEL = "bike-rentals"
WORKLOAD = ROOT / "workloads" / MODEL
SAMPLE = WORKLOAD / "sample-request.json"
GROUPS = {"dev": "rg-bikes-dev", "test": "rg-bikes-test"}
FINAL = {"Completed", "Failed", "Canceled", "NotResponding"}
_ML = "providers/Microsoft.MachineLearningServices"
WORKSPACES = {
    name: f"resourceGroups/{group}/{_ML}/workspaces/mlw-bikes-{name}"
    for name, group in GROUPS.items()
}
ML_VERSION, GROUP_VERSION, VAULT_VERSION = "2025-12-01", "2025-04-01", "2024-11-01"


@dataclass(frozen=True)
class Step:
    """What it `needs` comes before it; `ends` is the step that it takes back. For faults: it says
    more than `lines` lines, and goes on for more than `seconds` after each of them.
    """

    name: str
    needs: tuple[str, ...]
    lines: int
    seconds: float
    command: Callable[[Chain], list[str]]
    check: Callable[[Chain, Any], None]
    ends: str | None = None


class Chain:
    """One sandbox on its way along the steps."""

    def __init__(self, amlops: Amlops) -> None:
        self.amlops = amlops
        self.taken: set[str] = set()
        self.job = ""

    def reach(self, name: str) -> Step:
        """Take what the step needs, as far as it is not taken. What cannot be made twice is taken
        back first.
        """
        if name in self.taken:
            for step in STEPS.values():
                if step.ends == name:
                    self.take(step)
        for need in STEPS[name].needs:
            if need not in self.taken:
                self.take(self.reach(need))
        return STEPS[name]

    def have(self, name: str) -> None:
        """Take the step unless it is taken."""
        if name not in self.taken:
            self.take(self.reach(name))

    def take(self, step: Step) -> None:
        self.done(step, self.amlops.run(*step.command(self), "--output", "json"))

    def done(self, step: Step, ended: Ended) -> None:
        """Check what a step's last run has come to."""
        step.check(self, ended.data())
        self.amlops.no_strays()
        self.forget(step.ends or step.name)
        if not step.ends:
            self.taken.add(step.name)

    def forget(self, name: str) -> None:
        """The step and whatever needs it have to be taken anew."""
        self.taken.discard(name)
        for step in STEPS.values():
            if name in step.needs and step.name in self.taken:
                self.forget(step.name)


def _up(environment: str) -> Step:
    def check(chain: Chain, result: Any) -> None:
        assert result["outputs"]["resourceGroup"] == GROUPS[environment]
        groups = chain.amlops.arm("resourcegroups", GROUP_VERSION)["value"]
        assert GROUPS[environment] in [group["name"] for group in groups]

    return Step(f"up-{environment}", (), 34, 0.3, lambda _: ["up", environment], check)


def _teardown(environment: str) -> Step:
    group = GROUPS[environment]

    def check(chain: Chain, result: Any) -> None:
        assert result, "the proofs are named"
        assert not any(result.values()), result
        nothing_left(chain.amlops, environment)

    command = ["teardown", environment, "--yes-delete", group]
    up = f"up-{environment}"
    return Step(f"teardown-{environment}", (up,), 16, 0.3, lambda _: command, check, ends=up)


def nothing_left(amlops: Amlops, environment: str) -> None:
    """What teardown claims, looked for once more: in ARM, on disk and among the processes."""
    group = GROUPS[environment]
    groups = amlops.arm("resourcegroups", GROUP_VERSION)["value"]
    assert group not in [item["name"] for item in groups]
    kinds = "providers/Microsoft.KeyVault/deletedVaults"
    deleted = amlops.arm(kinds, VAULT_VERSION)["value"]
    assert not [item for item in deleted if f"/{group}/" in item["properties"]["vaultId"]]
    resources = amlops.arm("resources", GROUP_VERSION)["value"]
    assert not [item for item in resources if f"/{group}/".lower() in item["id"].lower()]
    stacks = amlops.directory.pulumi / ".pulumi" / "stacks" / "amlops"
    assert not (stacks / f"{environment}.json").exists()
    if not groups:
        wait_until(lambda: not amlops.units(), what=f"units end: {amlops.units()}")


def _trained(chain: Chain, result: Any) -> None:
    assert result["status"] == "Completed"
    assert result["metrics"]["rmse"] < result["metrics"]["baseline_rmse"]
    chain.job = result["name"]

    def states() -> set[str]:
        jobs = chain.amlops.arm(f"{WORKSPACES['dev']}/jobs", ML_VERSION)["value"]
        return {job["properties"]["status"] for job in jobs}

    wait_until(lambda: states() <= FINAL, what=f"every job comes to an end: {states()}")


def _registered(chain: Chain, result: Any) -> None:
    assert (result["name"], result["job"]) == (MODEL, chain.job)
    versions = chain.amlops.data("models", "list", "dev", MODEL)
    assert [item["job"] for item in versions].count(chain.job) == 1, "registered once"


def _deployed(chain: Chain, result: Any) -> None:
    assert result["model"].startswith(f"{MODEL}:")
    assert len(result["answer"]) == 3


def _scored(_chain: Chain, result: Any) -> None:
    assert len(result) == 3
    assert all(value > 0 for value in result)


def _promoted(chain: Chain, result: Any) -> None:
    assert all(check["passed"] for check in result["checks"])
    assert len(result["answer"]) == 3
    sources = [
        item["tags"]["source"] for item in chain.amlops.data("models", "list", "test", MODEL)
    ]
    assert len(sources) == len(set(sources)), "each version is promoted once"


_STEPS = (
    _up("dev"),
    Step(
        "train",
        ("up-dev",),
        8,
        0.3,
        lambda _: ["train", "dev", str(WORKLOAD / "train.yml")],
        _trained,
    ),
    Step(
        "register",
        ("train",),
        1,
        2.0,
        lambda chain: ["models", "register", "dev", MODEL, "--job", chain.job],
        _registered,
    ),
    Step("deploy", ("register",), 1, 4.0, lambda _: ["deploy", "dev", MODEL], _deployed),
    Step(
        "score",
        ("deploy",),
        1,
        1.5,
        lambda _: ["score", "dev", MODEL, "--data", str(SAMPLE)],
        _scored,
    ),
    _up("test"),
    Step(
        "promote",
        ("register", "up-test"),
        2,
        2.0,
        lambda _: ["promote", MODEL, "--from", "dev", "--to", "test"],
        _promoted,
    ),
    _teardown("test"),
    _teardown("dev"),
)
STEPS = {step.name: step for step in _STEPS}

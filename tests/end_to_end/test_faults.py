"""Kill -9 of anything, in any step: the same command again converges, and nothing is left behind.

After each fault: the step's own check, no process that belongs to nobody; after `up`, a second one
that changes nothing; after the last teardown, nothing in ARM, among the units or in Pulumi's state.
"""

from __future__ import annotations

import pytest

from tests.end_to_end.chain import FINAL, Chain
from tests.end_to_end.faults import Fault

ALWAYS = [
    Fault("up-dev", "session", 3),
    Fault("train", "runner", 1),
    Fault("teardown-dev", "sandbox", 2),
]
SOAK = [
    Fault("up-dev", "command", 11),
    Fault("train", "sandbox", 12),
    Fault("register", "azure", 13),
    Fault("deploy", "command", 14),
    Fault("score", "azurite", 15),
    Fault("up-test", "engine", 16),
    Fault("promote", "azure", 17),
    Fault("teardown-test", "command", 18),
    Fault("teardown-dev", "azure", 19),
    Fault("up-dev", "sandbox", 21),
    Fault("train", "mlflow", 22),
    Fault("register", "sandbox", 23),
    Fault("deploy", "sandbox", 24),
    Fault("up-test", "azure", 26),
    Fault("promote", "sandbox", 27),
    Fault("teardown-dev", "session", 29),
    Fault("up-dev", "engine", 31),
    Fault("train", "azurite", 32),
    Fault("deploy", "azure", 34),
    Fault("teardown-dev", "engine", 39),
]


def _parameters() -> list[object]:
    def parameter(fault: Fault, *marks: pytest.MarkDecorator) -> object:
        return pytest.param(fault, id=str(fault), marks=[pytest.mark.step(fault.step), *marks])

    return [
        *(parameter(fault) for fault in ALWAYS),
        *(parameter(fault, pytest.mark.soak) for fault in SOAK),
    ]


@pytest.mark.parametrize("fault", _parameters())
def test_a_fault(chain: Chain, fault: Fault) -> None:
    fault.strike(chain)
    if fault.step.startswith("up-"):
        again = chain.amlops.data("up", fault.step.removeprefix("up-"))
        assert list(again["changes"]) == ["same"], again["changes"]
    if fault.step == "train":
        jobs = chain.amlops.data("jobs", "list", "dev")
        assert {job["status"] for job in jobs} <= FINAL
        for job in jobs:
            chain.amlops.ok("jobs", "logs", "dev", job["name"])

"""Kill -9 of anything, in any step: the same command again converges, and nothing is left behind.

Three rounds of the whole chain. After each fault: the step's own check, no process that belongs to
nobody; after `up`, a second one that changes nothing; after the last teardown, nothing in ARM,
among the units or in Pulumi's state.
"""

from __future__ import annotations

import pytest

from tests.end_to_end.chain import Chain
from tests.end_to_end.faults import Fault

FAULTS = [
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


@pytest.mark.soak
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault(chain: Chain, fault: Fault) -> None:
    fault.strike(chain)

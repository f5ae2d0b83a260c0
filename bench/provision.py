"""`amlops up dev` against the same program and engine on a provider that answers at once."""

from __future__ import annotations

from bench.pairs import Pairs, in_turns, seconds
from bench.processes import AMLOPS, run
from bench.sandboxes import sandbox


def measure(runs: int) -> dict[str, Pairs]:
    return {"up": in_turns(runs, _up, lambda: _up(AMLOPS_PROVIDER="instant"))}


def _up(**variables: str) -> float:
    """Seconds of one `up` of a new stack in a new sandbox that runs."""
    with sandbox() as box:
        place = {"AMLOPS_SANDBOX_DIR": str(box.directory), **variables}
        return seconds(lambda: run(AMLOPS, "up", "dev", **place))

"""`amlops up dev` against the same program and engine on a provider that answers at once."""

from __future__ import annotations

from bench.pairs import Pairs, in_turns, seconds
from bench.processes import AMLOPS, run
from bench.sandboxes import sandbox


def measure(runs: int) -> dict[str, Pairs]:
    return {"up": in_turns(runs, lambda: _up(""), lambda: _up("instant"))}


def _up(provider: str) -> float:
    """Seconds of one `up` of a new stack in a new sandbox that runs."""
    with sandbox() as box:
        variables = {"AMLOPS_SANDBOX_DIR": str(box.directory), "AMLOPS_PROVIDER": provider}
        return seconds(lambda: run(AMLOPS, "up", "dev", "--target", "sandbox", **variables))

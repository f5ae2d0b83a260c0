"""`amlops --help` against a Python that does nothing."""

from __future__ import annotations

from bench.pairs import Pairs, in_turns, seconds
from bench.processes import AMLOPS, PYTHON, run


def measure(runs: int) -> dict[str, Pairs]:
    def help_() -> float:
        return seconds(lambda: run(AMLOPS, "--help"))

    def nothing() -> float:
        return seconds(lambda: run(PYTHON, "-c", "pass"))

    in_turns(1, help_, nothing)  # compiled and read once
    return {"help": in_turns(runs, help_, nothing)}

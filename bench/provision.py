"""`amlops up` and `preview` against the same program on a provider that answers at once."""

from __future__ import annotations

from bench.pairs import Pairs, in_turns, seconds
from bench.processes import AMLOPS, run
from bench.sandboxes import sandbox

ROWS = {"up": ("up", "dev"), "preview-prod": ("preview", "prod"), "up-prod": ("up", "prod")}


def measure(runs: int) -> dict[str, Pairs]:
    return {row: _against_instant(runs, *command) for row, command in ROWS.items()}


def _against_instant(runs: int, command: str, stack: str) -> Pairs:
    def timed(provider: str) -> float:
        """Seconds with a new stack in a new sandbox that runs."""
        with sandbox() as box:
            variables = {"AMLOPS_SANDBOX_DIR": str(box.directory), "AMLOPS_PROVIDER": provider}
            arguments = (command, stack, "--target", "sandbox")
            return seconds(lambda: run(AMLOPS, *arguments, **variables))

    return in_turns(runs, lambda: timed(""), lambda: timed("instant"))

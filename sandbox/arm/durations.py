"""How long things take, out of the table beside this file."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import yaml

VARIABLE = "AMLOPS_SANDBOX_DURATIONS"
_STEPS = {"create": 0, "update": 1, "delete": 2}


@functools.cache
def _table() -> dict[str, list[float]]:
    tables = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text())
    chosen = os.environ.get(VARIABLE, "short")
    if chosen not in tables:
        raise ValueError(f"{VARIABLE} is '{chosen}'; it may be {', '.join(sorted(tables))}.")
    return {str(name).lower(): list(steps) for name, steps in tables[chosen].items()}


def seconds(name: str, step: str = "create") -> float:
    """Seconds that a step of a resource type takes; 0 for what the table does not list."""
    steps: list[float] = _table().get(name.lower()) or [0.0, 0.0, 0.0]
    return steps[_STEPS[step]]

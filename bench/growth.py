"""`amlops up` with more and more clusters and endpoints: each must not cost more than the last."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from bench.pairs import Pairs, seconds
from bench.processes import PYTHON, ROOT, run_in
from bench.sandboxes import folder, sandbox

COUNTS = (10, 30, 100)
STACK = "many"
PROGRAM = "from ops.cli import main; main(prog_name='amlops')"
COPIED = ("infra", "ops", "policies", "sandbox", "Pulumi.yaml")


def measure(runs: int) -> dict[str, Pairs]:
    """The order of the counts turns from run to run, so that drift cancels."""
    times: dict[int, list[float]] = {count: [] for count in COUNTS}
    order = list(COUNTS)
    for _ in range(runs):
        for count in order:
            times[count].append(_up(count))
        order.reverse()
    few, some, many = (times[count] for count in COUNTS)
    return {
        "up-30": Pairs(some, few),
        "up-100": Pairs(many, few),
        "up-each": Pairs(_each(some, many, 70), _each(few, some, 20)),
    }


def _each(less: list[float], more: list[float], count: int) -> list[float]:
    """Milliseconds that one more cluster with one more endpoint takes, run by run."""
    return [1000 * (b - a) / count for a, b in zip(less, more, strict=True)]


def _up(count: int) -> float:
    """Seconds of one `up` of a new stack in a new sandbox that runs."""
    with sandbox() as box, folder() as here:
        _checkout(here, count)
        variables = {"AMLOPS_SANDBOX_DIR": str(box.directory), "PYTHONPATH": str(here)}
        command = (PYTHON, "-c", PROGRAM, "up", STACK, "--target", "sandbox")
        return seconds(lambda: run_in(here, *command, **variables))


def _checkout(here: Path, count: int) -> None:
    """The program beside a stack file with so many of each."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, here / name)
        else:
            shutil.copy(ROOT / name, here)
    for name in (".venv", ".tools"):
        (here / name).symlink_to(ROOT / name)
    settings = {
        "workload": "bench",
        "owner": "bench",
        "cost_centre": "bench",
        "clusters": {f"cluster-{n}": {} for n in range(count)},
        "endpoints": {f"endpoint-{n}": {} for n in range(count)},
    }
    salt = yaml.safe_load((ROOT / "stacks" / "Pulumi.dev.yaml").read_text())["encryptionsalt"]
    content = {"encryptionsalt": salt, "config": {"amlops:settings": settings}}
    (here / "stacks").mkdir()
    (here / "stacks" / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump(content))

"""Processes that end with their parents."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sandbox.supervisor import processes

ORPHANED = """
import os
from sandbox.supervisor import processes
bind = processes.die_with_parent()
os.getppid = lambda: 1  # As after the parent's death.
bind()
print("lives on", flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can bind a child to its parent")
def test_a_child_whose_parent_died_before_it_was_bound_ends() -> None:
    ended = subprocess.run([sys.executable, "-c", ORPHANED], capture_output=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, b"", b"")


def test_a_child_of_a_living_parent_runs() -> None:
    ran = subprocess.run(
        ["echo", "up"], preexec_fn=processes.die_with_parent(), capture_output=True
    )
    assert ran.stdout == b"up\n"

"""A fresh checkout: what git knows of this one, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SET_UP = (".venv", ".tools")
AMLOPS = [sys.executable, "-c", "from ops.cli import main; main(prog_name='amlops')"]
Done = subprocess.CompletedProcess[str]


def copy(folder: Path) -> Path:
    """Files as they are now, also those that are not committed yet; set-up's results by link."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in names.split("\0"):
        if name and (ROOT / name).is_file():
            goal = folder / name
            goal.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, goal)
    for name in SET_UP:
        (folder / name).symlink_to(ROOT / name)
    return folder


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """With it a command runs the checkout's own code, not that of the one that tests it."""
    return {**os.environ, "PYTHONPATH": str(folder), **variables}


def amlops(folder: Path, *arguments: str, given: str = "", **variables: str) -> Done:
    """The command, run in the checkout, with `given` on its standard input."""
    return subprocess.run(
        [*AMLOPS, *arguments],
        cwd=folder,
        env=environment(folder, **variables),
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )

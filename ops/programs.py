"""Other rooms, asked in processes of their own: nothing here imports them."""

from __future__ import annotations

import subprocess
import sys

from ops.failure import Failure
from ops.target import ROOT


def ask(module: str, *arguments: str) -> str:
    """What `python -m module` prints. Raises `Failure` with what it says is wrong."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        told = done.stderr.strip() or done.stdout.strip()
        raise Failure(told.splitlines()[-1] if "Traceback" in told else told)
    return done.stdout

"""Other rooms, asked in processes of their own: nothing here imports them."""

from __future__ import annotations

import re
import subprocess
import sys

from ops.failure import Failure
from ops.target import ROOT

_OF_A_FILE = re.compile(r"\w+: \[Errno \d+\] (?P<what>.+): '(?P<file>.+)'")
"""The last line of a traceback that is about a file: what an `OSError` says of itself."""


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
        raise Failure(_last(told) if "Traceback" in told else told)
    return done.stdout


def _last(traceback: str) -> str:
    line = traceback.splitlines()[-1]
    found = _OF_A_FILE.fullmatch(line)
    return f"{found['file']}: {found['what']}." if found else line

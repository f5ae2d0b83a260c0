"""The code that a sandbox runs, told from what the checkout has now."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from sandbox.directory import checkout

SOURCES, LOCK = "sandbox", "requirements.lock"


def fingerprint(root: Path | None = None) -> str:
    """Of the sandbox's code and the packages it runs with: names, sizes, times of the files."""
    root = root or checkout()
    digest = hashlib.sha256(_stamp(root / LOCK).encode())
    for folder, folders, files in os.walk(root / SOURCES):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(files):
            digest.update(_stamp(Path(folder, name)).encode())
    return digest.hexdigest()


def _stamp(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return f"{path}\0"
    return f"{path}\0{found.st_size}\0{found.st_mtime_ns}\0"

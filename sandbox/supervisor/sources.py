"""The code that a sandbox runs, told from what the checkout has now."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from sandbox.directory import checkout

SOURCES, LOCK = "sandbox", "requirements.lock"


def fingerprint(root: Path | None = None) -> str:
    """Of the sandbox's code and of the list of packages that it runs with, by their content: two
    checkouts with the same code may share a sandbox. Takes less than 10 ms.
    """
    root = root or checkout()
    digest = hashlib.blake2b(digest_size=16)
    for name in (LOCK, *_sources(root)):
        with contextlib.suppress(OSError), (root / name).open("rb", buffering=0) as file:
            content = file.read()
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def _sources(root: Path) -> Iterator[str]:
    """Names from the root on."""
    start = len(str(root)) + 1
    for folder, folders, files in os.walk(root / SOURCES):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(files):
            yield f"{folder}/{name}"[start:]

"""What a deployment is made of beside its model, as one mark: does what the files say run?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MARK_LENGTH = 12
"""Hexadecimal digits: enough to tell the few contents that a workload ever has."""
LEFT_OUT = {"__pycache__", ".git"}


def mark(file: Path, deployment: Any) -> str:
    """Of the deployment's file, its code and its environment; `deployment` is the file as
    azure-ai-ml has read it. The same files give the same mark on every machine.
    """
    digest = hashlib.sha256()
    for name, content in _parts(file, deployment):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:MARK_LENGTH]


def _parts(file: Path, deployment: Any) -> Iterator[tuple[str, bytes]]:
    yield "deployment", file.read_bytes()
    environment = deployment.environment
    if environment is not None and not isinstance(environment, str):
        yield "environment", repr(environment._to_dict()).encode()
        build = environment.build
        if build and build.path:
            yield from _files(file.parent / build.path)
    code = deployment.code_configuration
    if code and code.code and not str(code.code).startswith("azureml:"):
        yield from _files(file.parent / code.code)


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and LEFT_OUT.isdisjoint(path.relative_to(folder).parts):
            yield str(path.relative_to(folder)), path.read_bytes()

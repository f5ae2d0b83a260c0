"""Where a job's inputs came from: the commit, and data under a version made of its content."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

COMMIT = "commit"
DATA = "data"


def commit_of(folder: Path) -> str:
    """The commit that the folder is at, with ``-dirty`` behind it when it differs; "" outside."""
    told = subprocess.run(
        ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.strip() if told.returncode == 0 else ""


def fingerprint(path: Path) -> str:
    """Twelve hexadecimal digits of the SHA-256 over names and contents below the path."""
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(item for item in path.rglob("*") if item.is_file())
    for file in files:
        if file != path:
            # With its length, else one file could read like two others.
            digest.update(f"{file.relative_to(path).as_posix()}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:12]


def local_inputs(declared: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The inputs of a job's YAML that name a file or folder on this machine."""
    found = {}
    for name, given in (declared.get("inputs") or {}).items():
        path = str(given.get("path") or "") if isinstance(given, dict) else ""
        if path and "://" not in path and not path.startswith(("azureml:", "/subscriptions/")):
            found[name] = given
    return found


def register_inputs(client: Any, declared: dict[str, Any], folder: Path) -> dict[str, str]:
    """Register local inputs of a job as data assets; the same content is registered once.

    Returns input name -> ``NAME:VERSION``.
    """
    from azure.ai.ml.entities import Data
    from azure.core.exceptions import ResourceNotFoundError

    registered = {}
    for name, given in local_inputs(declared).items():
        local = (folder / str(given["path"])).resolve()
        asset = f"{declared.get('experiment_name') or folder.resolve().name}-{name}"
        version = fingerprint(local)
        try:
            client.data.get(asset, version)
        except ResourceNotFoundError:
            data = Data(name=asset, version=version, type=given.get("type"), path=str(local))
            client.data.create_or_update(data)
        registered[name] = f"{asset}:{version}"
    return registered

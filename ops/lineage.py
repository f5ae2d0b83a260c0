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
            digest.update(file.relative_to(path).as_posix().encode() + b"\0")
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:12]


def register_inputs(client: Any, job: Any, folder: Path) -> dict[str, str]:
    """Replace local inputs of a job by data assets; the same content is registered once.

    Returns input name -> ``NAME:VERSION``.
    """
    from azure.ai.ml.entities import Data
    from azure.core.exceptions import ResourceNotFoundError

    registered = {}
    for name, given in job.inputs.items():
        path = getattr(given, "path", None)
        if not path or "://" in str(path) or str(path).startswith(("azureml:", "/subscriptions/")):
            continue
        local = (folder / str(path)).resolve()
        asset, version = f"{job.experiment_name}-{name}", fingerprint(local)
        try:
            client.data.get(asset, version)
        except ResourceNotFoundError:
            data = Data(name=asset, version=version, type=given.type, path=str(local))
            client.data.create_or_update(data)
        given.path = f"azureml:{asset}:{version}"
        registered[name] = f"{asset}:{version}"
    return registered

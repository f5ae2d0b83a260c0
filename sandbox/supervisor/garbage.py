"""What may be removed: environments that no job, deployment or process uses, and old logs."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from sandbox.directory import Directory
from sandbox.supervisor import processes


def collect(directory: Directory) -> list[tuple[Path, int]]:
    """Remove it. Returns each path with the bytes it held; what is removed is built again on use.

    A lock file stays: it may be held by a builder that is about to make its environment.
    """
    used = _mentioned(directory)
    removed = []
    for home in sorted(directory.environments.glob("*/")):
        building = not (home / "environment.json").exists()
        if home.name not in used and not building:
            removed.append((home, size(home)))
            shutil.rmtree(home, ignore_errors=True)
    for log in sorted(directory.logs.glob("*.log.1")):
        removed.append((log, size(log)))
        log.unlink(missing_ok=True)
    return removed


def size(path: Path) -> int:
    """Bytes on disk; what vanishes meanwhile counts nothing."""
    total = 0
    for part in (path, *path.rglob("*")) if path.is_dir() else (path,):
        try:
            total += part.lstat().st_blocks * 512
        except OSError:
            continue
    return total


def _mentioned(directory: Directory) -> set[str]:
    """Environments named in a job's or deployment's files or in a running process's command."""
    names = [home.name for home in directory.environments.glob("*/")]
    texts = []
    # Not what lies deeper: there are people's own files, of any size.
    for pattern in ("jobs/*/*.json", "deployments/*/*.json", "deployments/*/*/*.json"):
        for file in directory.path.glob(pattern):
            with contextlib.suppress(FileNotFoundError):
                texts.append(file.read_text(errors="replace"))
    for pid in processes.marked({processes.SANDBOX_MARK: str(directory)}):
        texts.append(processes.command(pid))
    return {name for name in names if any(name in text for text in texts)}

"""Pulumi's state where it is a folder on this machine: what a killed engine leaves broken in it."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from urllib.parse import urlparse

import psutil

from ops.screen import note


def _folder() -> Path | None:
    """The backend's own folder; None where the state is kept elsewhere."""
    backend = urlparse(os.environ.get("PULUMI_BACKEND_URL", ""))
    return Path(backend.path) / ".pulumi" if backend.scheme == "file" else None


def mend(environment: str) -> None:
    """Remove attributes that a killed engine had begun to write: the stack cannot be read with
    them, and they say nothing that matters.
    """
    folder = _folder()
    for attributes in folder.rglob(f"{environment}.json*.attrs") if folder else ():
        try:
            json.loads(attributes.read_text())
        except FileNotFoundError:
            continue
        except ValueError:
            attributes.unlink(missing_ok=True)


def clear_locks(environment: str) -> bool:
    """Remove locks whose owner is no more; whether there were any. One of a living process is
    left alone.
    """
    folder = _folder()
    cleared = False
    for lock in folder.rglob(f"locks/**/{environment}/*.json") if folder else ():
        try:
            since = lock.stat().st_mtime
            owner = json.loads(lock.read_text())
        except FileNotFoundError:
            continue
        except ValueError:  # killed while it took the lock, so that nobody has it
            owner = {"hostname": socket.gethostname()}
        held = alive(int(owner.get("pid", 0)), since)
        if owner.get("hostname") != socket.gethostname() or held:
            continue
        lock.unlink(missing_ok=True)
        lock.with_name(f"{lock.name}.attrs").unlink(missing_ok=True)
        note(
            f"cleared the lock of an update that was killed (process {owner.get('pid', 'unknown')})"
        )
        cleared = True
    if cleared and folder:
        for begun in folder.rglob(f"{environment}.json*.tmp"):
            begun.unlink(missing_ok=True)
    return cleared


def alive(pid: int, since: float) -> bool:
    """Whether the process that took a lock then still runs: pids are used again, and who was
    killed may wait for its parent to take notice.
    """
    try:
        process = psutil.Process(pid)
        return process.create_time() <= since and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, ValueError):
        return False
    except psutil.AccessDenied:
        return True

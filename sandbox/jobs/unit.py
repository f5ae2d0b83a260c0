"""The supervisor's unit in which a job's runner is at work."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sandbox.arm.ids import ResourceId
from sandbox.directory import checkout
from sandbox.jobs.plan import unit_name

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.azure import Azure


async def start(azure: Azure, at: ResourceId, home: Path) -> None:
    """Run the job whose plan lies in `home`."""
    await _spawn(azure, at, home)


async def upload(azure: Azure, at: ResourceId, home: Path) -> None:
    """Bring logs and outputs to storage that are there only on disk."""
    await _spawn(azure, at, home, "--upload")
    await ended(azure, at)


async def ended(azure: Azure, at: ResourceId) -> None:
    """Return when nothing of the unit runs."""
    await azure.supervisor.wait(unit_name(at))


async def stop(azure: Azure, at: ResourceId, grace: float) -> None:
    """With all that the job has started; what is left after `grace` seconds is killed."""
    await azure.supervisor.stop(unit_name(at), grace=grace)


async def exit_code(azure: Azure, at: ResourceId) -> int | None:
    """None when it was lost with the supervisor."""
    return await azure.supervisor.exit_code(unit_name(at))


async def _spawn(azure: Azure, at: ResourceId, home: Path, *extra: str) -> None:
    await azure.supervisor.spawn(
        unit_name(at),
        [sys.executable, "-m", "sandbox.jobs.runner", str(azure.directory), home.name, *extra],
        env={"PYTHONPATH": str(checkout()), "PYTHONDONTWRITEBYTECODE": ""},
        cwd=home,
        log=home / "runner.log",
    )

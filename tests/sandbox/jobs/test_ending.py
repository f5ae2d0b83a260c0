"""What remains of a job after its end: its files, as long as they may be needed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource
from sandbox.azure import Azure
from sandbox.directory import Directory
from sandbox.jobs import ending
from sandbox.jobs.plan import folder

JOB = ResourceId.parse(
    "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices"
    "/workspaces/mlw/jobs/train"
)


@pytest.mark.parametrize(
    ("present", "kept"),
    [(None, False), (1.0, False), (2.0, True)],
    ids=["of a deleted job", "of an ended job", "of another job of its name"],
)
def test_files_go_in_time(
    present: float | None, kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "SETTLED_SECONDS", 0)
    azure = Azure(Directory(tmp_path))
    if present:
        azure.resources.save(Resource(JOB, {"properties": {}}, {"submitted": present}))
    home = folder(azure.directory, JOB)
    home.mkdir(parents=True)
    asyncio.run(ending.settle(azure, Resource(JOB, {}, {"submitted": 1.0}), home))
    azure.store.close()
    assert home.exists() == kept

"""Outputs of jobs that become versions of an asset."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource
from sandbox.azure import Azure
from sandbox.directory import Directory
from sandbox.ml import outputs
from sandbox.ml.assets import versions

WORKSPACE = ResourceId.parse(
    "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/mlw"
)


def test_two_jobs_that_register_a_model_at_once_make_two_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    azure = Azure(Directory(tmp_path))
    azure.resources.save(Resource(WORKSPACE, {"location": "eastus"}))
    output = {
        "jobOutputType": "mlflow_model",
        "assetName": "rentals",
        "uri": "https://st.blob.core.windows.net/models/rentals",
    }
    jobs = [
        Resource(WORKSPACE.child("jobs", name), {"properties": {"outputs": {"model": output}}})
        for name in ("one", "other")
    ]
    for job in jobs:
        azure.resources.save(job)

    async def register() -> list[Resource]:
        both = asyncio.Barrier(len(jobs))

        async def describe(_azure: Azure, model: Resource) -> None:
            await both.wait()
            model.properties["flavors"] = {"sklearn": {}}

        monkeypatch.setattr(outputs, "describe", describe)
        return await asyncio.gather(*(outputs.register(azure, job, "model") for job in jobs))

    made = asyncio.run(register())
    stored = versions(azure, WORKSPACE.child("models", "rentals"))
    azure.store.close()
    assert sorted(version.name for version in made) == ["1", "2"]
    assert {version.properties["jobName"] for version in stored} == {"one", "other"}
    assert all(version.properties["flavors"] == {"sklearn": {}} for version in stored)

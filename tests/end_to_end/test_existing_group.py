"""An environment in a resource group that others use, too: its end is not theirs.

- Nothing of the group's owner is deleted or changed, whatever command ends the environment.
- What the stack has made is gone: resources, what Azure would keep of them, grants, state.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.directory import Directory
from tests.checkout import copy
from tests.end_to_end.chain import GROUP_VERSION, VAULT_VERSION
from tests.end_to_end.commands import Amlops

GROUP = "rg-of-the-team"
STORAGE_VERSION = "2024-01-01"
THEIRS = f"resourceGroups/{GROUP}/providers/Microsoft.Storage/storageAccounts/stoftheteam"
ACCOUNT = {"location": "eastus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}


@pytest.fixture
def amlops() -> Iterator[Amlops]:
    folder = Path(tempfile.mkdtemp(prefix="amlops-group-"))
    checkout = copy(folder / "checkout")
    file = checkout / "stacks" / "Pulumi.dev.yaml"
    text = file.read_text()
    assert "    workload: bikes\n" in text
    own = f"    workload: bikes\n    existing: {{resource_group: {GROUP}}}\n"
    file.write_text(text.replace("    workload: bikes\n", own))
    command = Amlops(Directory(folder / "sandbox"), "zero", checkout)
    yield command
    command.stop()
    shutil.rmtree(folder, ignore_errors=True)


def test_a_group_that_was_there_before_stays_with_what_others_have_in_it(amlops: Amlops) -> None:
    amlops.ok("sandbox", "start")
    refused = amlops.run("up", "dev").refusal()
    assert "existing.resource_group: there is no" in refused
    amlops.arm(f"resourceGroups/{GROUP}", GROUP_VERSION, "PUT", {"location": "eastus"})
    amlops.arm(THEIRS, STORAGE_VERSION, "PUT", ACCOUNT)

    outputs = amlops.data("up", "dev")["outputs"]
    assert outputs["resourceGroup"] == GROUP
    assert "nothing was deleted" in amlops.run("teardown", "dev", "--yes-delete", "rg").refusal()
    proofs = amlops.data("teardown", "dev", "--yes-delete", GROUP)
    assert set(proofs) >= {"resources", "soft-deleted", "role assignments", "Pulumi's state"}
    assert {what: left for what, left in proofs.items() if left} == {}

    left = amlops.arm(f"resourceGroups/{GROUP}/resources", GROUP_VERSION)["value"]
    assert [item["name"] for item in left] == ["stoftheteam"]
    deleted = amlops.arm("providers/Microsoft.KeyVault/deletedVaults", VAULT_VERSION)["value"]
    assert deleted == []

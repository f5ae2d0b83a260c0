"""Every file in `stacks/`, each from nothing to nothing in a sandbox of its own:

- A second `up` changes nothing, and a refresh finds no drift.
- A protected environment is neither brought down nor torn down, until `protection: off` and `up`.
- Afterwards nothing is left, in ARM or in Pulumi's state. A vault with purge protection is told
  with the date of its release, and the next `up` recovers it.

The stack files are changed in a copy of the repository.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.directory import Directory
from tests.checkout import copy
from tests.end_to_end.chain import GROUP_VERSION, VAULT_VERSION
from tests.end_to_end.commands import ROOT, Amlops

STACKS = sorted(path.name.split(".")[1] for path in (ROOT / "stacks").glob("Pulumi.*.yaml"))
PROTECTION = re.compile(r"^( +protection:) .*$", re.MULTILINE)


@pytest.fixture(scope="module")
def checkout() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="amlops-stacks-"))
    yield copy(folder)
    shutil.rmtree(folder)


@pytest.fixture
def amlops(checkout: Path) -> Iterator[Amlops]:
    folder = Path(tempfile.mkdtemp(prefix="amlops-stack-"))
    command = Amlops(Directory(folder), "zero", checkout)
    yield command
    command.stop()
    command.no_strays()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_comes_twice_and_goes_without_a_trace(amlops: Amlops, stack: str) -> None:
    first = amlops.data("up", stack)
    assert changes(first) == {"create"}
    assert changes(amlops.data("up", stack)) == {"same"}
    no_drift(amlops, stack)

    if first["outputs"]["protection"]:
        assert "protected" in amlops.run("down", stack, "--yes").refusal()
        unprotect(amlops.checkout, stack)
        assert "replace" not in changes(amlops.data("up", stack))

    group = first["outputs"]["resourceGroup"]
    proofs = amlops.data("teardown", stack, "--yes-delete", group)
    kept = proofs.pop("soft-deleted")
    assert {what: left for what, left in proofs.items() if left} == {}
    assert nothing_in_arm(amlops)

    deleted = deleted_vaults(amlops)
    if not deleted:
        assert kept == []
        return
    (vault,) = deleted
    release = vault["properties"]["scheduledPurgeDate"]
    assert vault["properties"]["purgeProtectionEnabled"] is True
    assert len(kept) == 1
    assert vault["name"] in kept[0]
    assert release[:10] in kept[0]
    assert amlops.data("up", stack)["outputs"]["keyVault"] == vault["name"]
    assert deleted_vaults(amlops) == []


def changes(update: dict[str, Any]) -> set[str]:
    """What an update did to any resource."""
    return {kind for kind, count in update["changes"].items() if count}


def no_drift(amlops: Amlops, stack: str) -> None:
    refresh = ("refresh", "-s", stack, "--preview-only", "--expect-no-changes")
    amlops.ok("sandbox", "run", "--", "pulumi", *refresh, "--non-interactive")


def unprotect(checkout: Path, stack: str) -> None:
    file = checkout / "stacks" / f"Pulumi.{stack}.yaml"
    text, count = PROTECTION.subn(r"\1 off", file.read_text())
    assert count == 1
    file.write_text(text)


def nothing_in_arm(amlops: Amlops) -> bool:
    """Fails with what is there."""
    assert amlops.arm("resourcegroups", GROUP_VERSION)["value"] == []
    assert amlops.arm("resources", GROUP_VERSION)["value"] == []
    return True


def deleted_vaults(amlops: Amlops) -> list[dict[str, Any]]:
    path = "providers/Microsoft.KeyVault/deletedVaults"
    found: list[dict[str, Any]] = amlops.arm(path, VAULT_VERSION)["value"]
    return found

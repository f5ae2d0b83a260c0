"""What a teardown refuses and what it tells, beside a subscription of the test's own.

`tests/end_to_end` tears real environments down.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ops.failure import Failure
from ops.platform import Platform
from ops.target import Target
from ops.teardown import (
    COMPUTES,
    WORKSPACES,
    Inventory,
    Proof,
    Teardown,
    forget_short_lived,
    left_over,
    protected_until,
)

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
GROUP = "rg-bikes-prod"


def work(**outputs: Any) -> Teardown:
    known = {"subscriptionId": SUBSCRIPTION, "resourceGroup": GROUP, **outputs}
    platform = Platform(Target("azure", SUBSCRIPTION), "prod", known)
    platform.credential = SimpleNamespace(get_token=None)
    return Teardown(platform)


def test_a_protected_environment_is_refused_before_anything_is_listed() -> None:
    with pytest.raises(Failure, match=r"'prod' is protected. Set 'protection: off' in stacks/"):
        work(protection=True).inventory()


@pytest.mark.parametrize(
    ("protected", "left", "kept"),
    [
        (True, [], ["vault kv-bikes, protected until 2027-02-21"]),
        (False, ["vault kv-bikes"], []),
    ],
)
def test_a_protected_vault_is_told_with_its_day_and_goes_by_itself(
    protected: bool, left: list[str], kept: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = SimpleNamespace(
        name="kv-bikes",
        properties=SimpleNamespace(
            vault_id=f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/x/y/kv-bikes",
            purge_protection_enabled=protected,
            scheduled_purge_date=datetime(2027, 2, 21, 7, 8, 9, 123456, tzinfo=UTC),
        ),
    )
    asked = work()
    for name in ("resources", "vaults", "logs", "roles"):
        setattr(asked, name, SimpleNamespace())
    nothing: Any = SimpleNamespace(list=lambda **_: [], check_existence=lambda _: False)
    asked.resources.resource_groups = asked.resources.resources = nothing
    asked.logs.deleted_workspaces = nothing
    asked.roles.role_assignments = SimpleNamespace(list_for_subscription=lambda: [])
    asked.vaults.vaults = SimpleNamespace(list_deleted=lambda: [vault])
    monkeypatch.setattr("ops.stacks.names", lambda: [])
    proofs = asked.proofs(Inventory(GROUP, exists=False))
    assert Proof("soft-deleted", left, kept) in proofs
    assert (left_over(proofs), protected_until(proofs)) == (left, kept)


def test_computes_are_listed_though_azure_lists_none_with_the_group() -> None:
    asked = work()
    at = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/{WORKSPACES}/mlw"
    groups: Any = SimpleNamespace(check_existence=lambda _: True)
    listed: Any = SimpleNamespace(
        list_by_resource_group=lambda _: [SimpleNamespace(id=at, type=WORKSPACES, name="mlw")]
    )
    asked.resources = SimpleNamespace(resource_groups=groups, resources=listed)
    ann = {"createdBy": {"userName": "Ann"}}
    kinds: Any = [
        ("workstation", {"computeType": "ComputeInstance", "properties": ann}),
        ("spare", {"computeType": "ComputeInstance"}),
        ("cpu-cluster", {"computeType": "AmlCompute", "properties": None}),
        ("spark", {"computeType": "Databricks", "isAttachedCompute": True}),
    ]
    computes = {f"{at}/computes": [{"name": name, "properties": said} for name, said in kinds]}
    arm: Any = SimpleNamespace(root=asked.arm.root, list=lambda path, _: computes[path])
    asked.arm = arm
    assert asked.inventory().named(COMPUTES) == [
        "workstation (ComputeInstance, in mlw, with its files, made by Ann)",
        "spare (ComputeInstance, in mlw, with its files)",
        "cpu-cluster (AmlCompute, in mlw)",
        "spark (Databricks, in mlw, only detached)",
    ]


@pytest.mark.parametrize(
    ("settings", "short_lived"), [('expires: "2026-11-24T10:00:00Z"', True), ("owner: us", False)]
)
def test_the_stack_file_of_a_short_lived_environment_goes_with_it(
    elsewhere: Path, settings: str, short_lived: bool
) -> None:
    file = elsewhere / "stacks" / "Pulumi.pr-1.yaml"
    file.write_text(f"config:\n  amlops:settings:\n    {settings}\n")
    assert forget_short_lived("pr-1") is short_lived
    assert file.exists() is not short_lived
    assert not forget_short_lived("gone")

"""When a DELETE is answered."""

from __future__ import annotations

import asyncio

import pytest

from sandbox.arm import deletes
from sandbox.arm.operations import Operation
from tests.sandbox.arm.conftest import InProcess

GROUPS, IDENTITIES = "2024-03-01", "2023-01-31"


def test_a_deletion_that_no_client_polls_has_ended_with_its_answer(
    in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An identity's DELETE answers 200 and no operation, however long its end takes."""
    group = f"/subscriptions/{in_process.azure.identity.subscription_id}/resourceGroups/rg-deletes"
    identity = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-1"
    for path, version in ((group, GROUPS), (identity, IDENTITIES)):
        made = in_process.ask("PUT", path, {"location": "eastus"}, version)
        assert made.status in (200, 201), made.body
    apply = in_process.azure.effects.apply

    async def late(operation: Operation) -> None:
        for _ in range(20):  # Turns of the loop: far more than a wait of 0 s lasts.
            await asyncio.sleep(0)
        await apply(operation)

    monkeypatch.setattr(in_process.azure.effects, "apply", late)
    monkeypatch.setattr(deletes, "GRACE_SECONDS", 0.0)
    answer = in_process.ask("DELETE", identity, version=IDENTITIES)
    assert (answer.status, "location" in answer.headers) == (200, False)
    assert in_process.ask("GET", identity, version=IDENTITIES).status == 404

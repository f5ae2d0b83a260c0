"""The clock that tests move."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from azure.mgmt.resource.resources import ResourceManagementClient

from sandbox.clock import Clock


def test_it_starts_as_the_machines_and_moves_forward_only(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "clock.json")
    before = time.time()
    assert before <= clock.time() <= time.time()
    clock.advance(timedelta(days=3))
    assert clock.offset == timedelta(days=3)
    with pytest.raises(ValueError, match="only moves forward"):
        clock.advance(timedelta(seconds=-1))


def test_processes_agree_and_a_restart_remembers(tmp_path: Path) -> None:
    one, other = Clock(tmp_path / "clock.json"), Clock(tmp_path / "clock.json")
    other.now()
    one.advance(timedelta(hours=1))
    one.advance(timedelta(hours=1))
    assert other.offset == Clock(tmp_path / "clock.json").offset == timedelta(hours=2)


@pytest.mark.parametrize("same_process", [True, False])
def test_a_sleeper_wakes_when_the_clock_is_moved(tmp_path: Path, same_process: bool) -> None:
    clock = Clock(tmp_path / "clock.json")
    mover = clock if same_process else Clock(tmp_path / "clock.json")

    async def sleep() -> None:
        sleeper = asyncio.create_task(clock.sleep(3600))
        await asyncio.sleep(0)
        assert not sleeper.done()
        mover.advance(timedelta(hours=1))
        await asyncio.wait_for(sleeper, 60)

    asyncio.run(sleep())


def test_an_answer_of_arm_says_what_time_it_is(start_sandbox: Callable[..., Any]) -> None:
    sandbox = start_sandbox(tracking=False)
    sandbox.advance(timedelta(days=3))
    said = sandbox.arm("GET", f"/subscriptions/{sandbox.subscription}", version="2022-12-01")
    ahead = parsedate_to_datetime(said.headers["date"]).timestamp() - time.time()
    assert abs(ahead - timedelta(days=3).total_seconds()) < 60


def test_a_client_gets_a_new_token_when_the_clock_has_passed_its_old_one(
    start_sandbox: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client's cache goes by the machine's clock, so the 401 asks it to renew."""
    sandbox = start_sandbox(tracking=False)
    sandbox.lead(monkeypatch)
    client = ResourceManagementClient(sandbox.credential(), sandbox.subscription)
    client.resource_groups.create_or_update("rg", {"location": "eastus"})
    sandbox.advance(timedelta(days=40))
    assert [group.name for group in client.resource_groups.list()] == ["rg"]

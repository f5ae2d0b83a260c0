"""One sandbox that the tests of this room share. They run in the order of the demo's steps, so that
what one has provisioned, trained and deployed is there for the next.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.directory import Directory
from tests.end_to_end.chain import STEPS, Chain
from tests.end_to_end.commands import Amlops


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "step(name): which step of the demo it belongs to")


@pytest.hookimpl(trylast=True)  # after those that were not asked for are gone
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort this room's tests by the step that they are about or that comes next for them. Soak
    tests stay as they are: rounds of the whole chain.
    """
    steps = {item: item.get_closest_marker("step") for item in items}
    places = [place for place, item in enumerate(items) if steps[item]]
    room = [items[place] for place in places]
    if any(item.get_closest_marker("soak") for item in room):
        return
    order = list(STEPS)
    room.sort(key=lambda item: order.index(steps[item].args[0]))  # type: ignore[union-attr]
    for place, item in zip(places, room, strict=True):
        items[place] = item


@pytest.fixture(scope="session")
def amlops() -> Iterator[Amlops]:
    folder = Path(tempfile.mkdtemp(prefix="amlops-e2e-"))
    command = Amlops(Directory(folder), "short")
    yield command
    command.stop()
    left = command.strays()
    shutil.rmtree(folder, ignore_errors=True)
    assert not left


@pytest.fixture(scope="session")
def chain(amlops: Amlops) -> Chain:
    return Chain(amlops)

"""The rooms are top-level packages: an installed distribution of the same name would hide one."""

import importlib.util
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("infra", "ops", "policies", "sandbox", "tools", "bench")


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_installed_has_the_name_of_a_room(room: str) -> None:
    for kind in ("purelib", "platlib", "stdlib"):
        folder = Path(sysconfig.get_path(kind))
        assert [*folder.glob(room), *folder.glob(f"{room}.*")] == []


@pytest.mark.parametrize("room", [room for room in ROOMS if (ROOT / room).is_dir()])
def test_a_room_is_imported_from_the_checkout(room: str) -> None:
    spec = importlib.util.find_spec(room)
    assert spec is not None
    assert {Path(place) for place in spec.submodule_search_locations or []} == {ROOT / room}

"""The subscriptions of a sandbox are on its disk: every process sees them, and after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.directory import Directory
from sandbox.subscriptions import Subscriptions

FIRST, OTHER = "0f0e0d0c-0b0a-4908-8706-050403020100", "1f1e1d1c-1b1a-4918-8716-151413121110"


@pytest.fixture
def there(tmp_path: Path) -> Subscriptions:
    return Subscriptions(Directory(tmp_path), FIRST)


def test_a_sandbox_begins_with_one(there: Subscriptions) -> None:
    assert there.all() == {FIRST: "Sandbox"}
    assert there.name(OTHER) is None


def test_what_is_made_is_there_for_all_and_stays(there: Subscriptions, tmp_path: Path) -> None:
    there.make("Hub", OTHER.upper())
    again = Subscriptions(Directory(tmp_path), FIRST)
    assert again.all() == {FIRST: "Sandbox", OTHER: "Hub"}
    assert again.name(OTHER.upper()) == "Hub"


def test_one_without_an_id_gets_one(there: Subscriptions) -> None:
    assert there.make("A") != there.make("A")
    assert list(there.all().values()) == ["Sandbox", "A", "A"]


def test_the_first_may_be_renamed(there: Subscriptions) -> None:
    there.make("Dev", FIRST)
    assert there.all() == {FIRST: "Dev"}


@pytest.mark.parametrize("mistaken", ["prod", "../secrets.json", f"{FIRST}/x"])
def test_an_id_is_a_guid(there: Subscriptions, mistaken: str) -> None:
    assert there.name(mistaken) is None
    with pytest.raises(ValueError, match="one is a GUID"):
        there.make("Hub", mistaken)

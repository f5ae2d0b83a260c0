"""Which programs a client of the sandbox finds, and in which subscription it works."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest

from sandbox.directory import Directory, checkout
from sandbox.environment import client_environment
from sandbox.identity import Identity
from sandbox.subscriptions import Subscriptions

STAND_INS, TOOLS = (str(checkout() / ".tools" / name) for name in ("stand-ins", "bin"))


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    """One that was started once."""
    made = Directory(tmp_path / "sandbox")
    made.create()
    Identity.open(made)
    made.state.write_text('{"ports": {"gateway": 1}}')
    return made


def _path(directory: Directory) -> list[str]:
    return client_environment(directory)["PATH"].split(os.pathsep)


def test_the_stand_in_for_the_azure_plugin_comes_first(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AMLOPS_PROVIDER", raising=False)
    assert _path(directory)[:2] == [STAND_INS, TOOLS]


def test_the_official_plugin_is_left_to_pulumi(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMLOPS_PROVIDER", "official")
    monkeypatch.setenv("PATH", os.pathsep.join([STAND_INS, os.environ["PATH"]]))
    assert STAND_INS not in _path(directory)
    assert _path(directory)[0] == TOOLS


def test_the_persons_own_path_follows(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/one:/two")
    assert _path(directory)[-2:] == ["/one", "/two"]


def test_a_chosen_subscription_is_taken_where_the_sandbox_has_it(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, chosen = Identity.open(directory).subscription_id, str(uuid.uuid4())
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", chosen)
    assert client_environment(directory)["AZURE_SUBSCRIPTION_ID"] == first, "that of a login"
    Subscriptions(directory, first).make("Hub", chosen)
    found = client_environment(directory)
    assert {found["AZURE_SUBSCRIPTION_ID"], found["ARM_SUBSCRIPTION_ID"]} == {chosen}

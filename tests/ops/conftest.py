"""`amlops` as a person types it, in processes of its own; a real sandbox where one is needed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import checkout
from tests.checkout import ROOT, Done
from tests.sandbox.conftest import RunningSandbox, sandboxes, start_sandbox

__all__ = ["ROOT", "Done", "start_sandbox"]

Amlops = Callable[..., Done]
run = functools.partial(checkout.amlops, ROOT)


def run_in(sandbox: RunningSandbox, *arguments: str, given: str = "", **environment: str) -> Done:
    """The command beside a sandbox that runs."""
    place = {"AMLOPS_TARGET": "sandbox", "AMLOPS_SANDBOX_DIR": str(sandbox.directory)}
    return run(*arguments, given=given, **{**place, **environment})


def assert_one_message(done: Done, code: int = 1) -> None:
    """It failed as a person wants it: an exit code, a message, nothing on standard output."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "bug in amlops" not in done.stderr
    assert "Error: " in done.stderr
    assert done.stdout == ""


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of the test's own, empty but for its folder `stacks`."""
    for module in ("stack_files", "programs"):
        monkeypatch.setattr(f"ops.{module}.ROOT", tmp_path)
    (tmp_path / "stacks").mkdir()
    return tmp_path


@pytest.fixture(scope="session")
def amlops(tmp_path_factory: pytest.TempPathFactory) -> Amlops:
    """The command where a sandbox must not even be started: it has no Azurite."""
    folder = tmp_path_factory.mktemp("none")

    def call(*arguments: str, **environment: str) -> Done:
        nowhere = {"AMLOPS_SANDBOX_DIR": str(folder / "sandbox"), "AMLOPS_AZURITE": "/nowhere"}
        return run(*arguments, **{"AMLOPS_TARGET": "sandbox", **nowhere, **environment})

    return call


@pytest.fixture(scope="session")
def running() -> Iterator[Amlops]:
    """The command beside an empty sandbox that runs."""
    with sandboxes() as start:
        yield functools.partial(run_in, start(tracking=False))

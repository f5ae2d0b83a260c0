"""One sandbox for all: what one test has provisioned and trained is there for the next."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.directory import Directory
from tests.end_to_end.chain import Chain
from tests.end_to_end.commands import Amlops


@pytest.fixture(scope="session")
def amlops() -> Iterator[Amlops]:
    folder = Path(tempfile.mkdtemp(prefix="amlops-e2e-"))
    command = Amlops(Directory(folder), "short")
    yield command
    command.stop()
    command.no_strays()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def chain(amlops: Amlops) -> Chain:
    return Chain(amlops)

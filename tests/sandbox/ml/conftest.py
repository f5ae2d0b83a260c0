"""What tests of workspaces and assets share."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.sandbox.conftest import Place, RunningSandbox


@pytest.fixture
def name() -> str:
    """A new name."""
    return f"n{uuid.uuid4().hex[:10]}"


@pytest.fixture
def client(sandbox: RunningSandbox, place: Place) -> Any:
    """The official client of the test's own workspace."""
    from azure.ai.ml import MLClient

    return MLClient(sandbox.credential(), place.subscription, place.group, place.workspace)

"""Settings of all tests."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no reason for a property to fail: neither one example that takes long nor a few
# that were made slowly, as where this process was paused meanwhile.
settings.register_profile("amlops", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("amlops")

HERE = Path(__file__).parent
CACHES = {line.strip("/\n") for line in (HERE.parent / ".gitignore").open() if line.endswith("/\n")}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def refuse_writes(event: str, arguments: tuple[Any, ...]) -> None:
    """No test changes the checkout: others read it at the same time. One that needs other files
    has a copy (`tests/checkout.py`). What git ignores may change.
    """
    if event != "open" or not isinstance(arguments[0], str) or not arguments[2] & WRITES:
        return
    if "PYTEST_CURRENT_TEST" not in os.environ:
        return  # pytest itself, which makes its cache
    path, checkout = Path(arguments[0]).resolve(), HERE.parent
    if path.is_relative_to(checkout) and CACHES.isdisjoint(path.relative_to(checkout).parts):
        raise AssertionError(f"{path} is the checkout's: work in a copy (tests/checkout.py)")


def pytest_configure() -> None:
    sys.addaudithook(refuse_writes)
    # What a shell starts in the background ignores it, and so would the commands of the tests.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are processors: a test waits now and then, for itself alone."""
    return (os.cpu_count() or 1) + 1


LONGEST = (
    "pipelines",
    "end_to_end",
    "infra/test_computes_engine.py",
    "infra/test_engine_network.py",
    "infra",
    "ops",
    "policies/test_engine.py",
    "sandbox/serving",
    "sandbox/jobs",
    "sandbox",
)
"""What takes minutes begins first, the longest before the others: else one process is still at it
when the others have nothing left to do."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        path = item.path.relative_to(HERE)
        return next((n for n, one in enumerate(LONGEST) if path.is_relative_to(one)), len(LONGEST))

    items.sort(key=rank)

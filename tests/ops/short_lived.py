"""Short-lived environments as a look around would find them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ops.environments import Environment

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
HERE, THERE, HIDDEN = (f"00000000-0000-0000-0000-{number:012}" for number in (1, 2, 3))
"""Subscriptions: the one that is chosen, another, and one that the login does not see."""


def known(name: str, hours: float | None, **more: Any) -> Environment:
    """One whose time ends so many hours from now."""
    expires = None if hours is None else NOW + timedelta(hours=hours)
    found = {"workload": "bikes", "group": f"rg-{name}", "stack": True, "file": False}
    return Environment(name=name, expires=expires, **{**found, "subscription": HERE, **more})

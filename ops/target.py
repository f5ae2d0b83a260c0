"""Where a command runs: the sandbox on this machine, or a real subscription.

Inside the sandbox's environment unmodified clients reach it; entering it is all that a command
does differently, and nothing after that knows where it runs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from ops import federation
from ops.failure import Failure

TARGETS = ("sandbox", "azure")
SUBSCRIPTION = ("AZURE_SUBSCRIPTION_ID", "ARM_SUBSCRIPTION_ID")
"""The variables that choose it: of the official clients, and of Pulumi's provider."""
ROOT = Path(__file__).resolve().parent.parent
_entered: set[str] = set()
"""Sandbox, where this process is a client of it."""


@dataclass(frozen=True)
class Target:
    """`outside` is the environment without the sandbox's: what package installers use."""

    name: str
    subscription: str
    outside: dict[str, str] = field(repr=False, default_factory=dict)

    @contextmanager
    def within(self, subscription: str) -> Iterator[Target]:
        """The same, in another subscription, in which Pulumi and its plugin work meanwhile."""
        before = {name: os.environ.get(name) for name in SUBSCRIPTION}
        os.environ.update(dict.fromkeys(SUBSCRIPTION, subscription))
        try:
            yield replace(self, subscription=subscription)
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def chosen(environ: Mapping[str, str]) -> str:
    """The subscription to work in; empty where none is named."""
    return next((environ[name] for name in SUBSCRIPTION if environ.get(name)), "")


def lost() -> Failure | None:
    """What to say of whatever failed where the sandbox that was entered is no more."""
    if not _entered:
        return None
    from ops.commands.sandbox import runs

    if runs():
        return None
    return Failure(
        "The sandbox ended while this command ran. Run the same command again: it starts the "
        "sandbox, and goes on with what was done."
    )


def enter(name: str) -> Target:
    """Make this process one of the target's clients. Starts the sandbox when it is not running.

    Raises `Failure` when the target is azure and no subscription is named.
    """
    if name not in TARGETS:
        raise Failure(f"AMLOPS_TARGET is '{name}'; it is {' or '.join(TARGETS)}.")
    from ops.commands.sandbox import ensure_running, outside

    installers = outside()
    if name == "sandbox":
        os.environ.update(ensure_running())
        _entered.add(name)
    else:
        federation.enter(os.environ)
    os.environ["AMLOPS_TARGET"] = name
    subscription = chosen(os.environ)
    if not subscription:
        raise Failure(
            "No subscription is named. Set AZURE_SUBSCRIPTION_ID, or leave out '--target azure' "
            "to use the sandbox."
        )
    return Target(name, subscription, installers)

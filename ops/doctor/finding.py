"""What a check found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

OK, WARNING, PROBLEM = "ok", "warning", "problem"


@dataclass(frozen=True)
class Finding:
    """`mend` is the command that mends it, or what to change; None where nothing is to be done."""

    level: str
    what: str
    mend: str | None = None
    check: str = ""

    def data(self) -> dict[str, Any]:
        return asdict(self)


def ok(what: str) -> Finding:
    return Finding(OK, what)


def warning(what: str, mend: str | None = None) -> Finding:
    """It will work, but not as one may expect."""
    return Finding(WARNING, what, mend)


def problem(what: str, mend: str) -> Finding:
    """`up` would fail."""
    return Finding(PROBLEM, what, mend)

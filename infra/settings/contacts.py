"""Who is told: addresses of people and of programs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated
from urllib.parse import parse_qsl

from pydantic import AfterValidator

from infra.settings.faults import Fault, FaultsError
from infra.settings.fields import named

SECRETS = re.compile(r"code|sig|pwd|.*(key|token|password|secret)", re.IGNORECASE | re.DOTALL)
"""Names in a query whose values open what the address leads to, as Azure and others have them."""
RELAY = "give the address of a relay that adds it, or another receiver"


def without_secret(mend: str) -> Callable[[str], str]:
    """Of addresses. Raises FaultsError, since a message of Pydantic's own would show the address.

    A user alone is none where SSH is spoken, as in git@example.com: `ssh://git@example.com`.
    """

    def check(value: str) -> str:
        found = next((name for name in _query(value) if SECRETS.fullmatch(name)), None)
        what = f"{found!r} in its query" if found else ""
        scheme, _, rest = value.strip().partition("://")
        user, at, _ = re.split(r"[/?#]", rest or scheme, maxsplit=1)[0].rpartition("@")
        if at and (":" in user or scheme.lower() in ("http", "https")):
            what = "what stands before the @"
        if what:
            text = f"{what} is a secret, and a stack file is no place for one; {mend}"
            raise FaultsError([Fault((), text)])
        return value

    return check


def _query(value: str) -> list[str]:
    return [name for name, _ in parse_qsl(value.partition("?")[2], keep_blank_values=True)]


Email = Annotated[
    str, named(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+", "one address, as team@example.com", 6, 254)
]
Https = Annotated[
    str,
    AfterValidator(without_secret(RELAY)),
    named(r"https://[^\s/]+\S*", "an address that begins with https://", 9, 2048),
]

"""Who is told: addresses of people and of programs."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import parse_qsl

from pydantic import AfterValidator

from infra.settings.faults import Fault, FaultsError
from infra.settings.fields import named

SECRETS = re.compile(r"code|sig|.*key|.*token", re.IGNORECASE | re.DOTALL)
"""Names in a query whose values open what the address leads to, as Azure and others have them."""


def _without_secret(value: str) -> str:
    """Raises FaultsError, since a message of Pydantic's own would show the address."""
    for name, _ in parse_qsl(value.partition("?")[2], keep_blank_values=True):
        if SECRETS.fullmatch(name):
            text = (
                f"{name!r} in its query is a secret, and a stack file is no place for one; "
                "give the address of a relay that adds it, or another receiver"
            )
            raise FaultsError([Fault((), text)])
    return value


Email = Annotated[
    str, named(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+", "one address, as team@example.com", 6, 254)
]
Https = Annotated[
    str,
    AfterValidator(_without_secret),
    named(r"https://[^\s/]+\S*", "an address that begins with https://", 9, 2048),
]

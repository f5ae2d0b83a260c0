"""Who is told: addresses of people and of programs."""

from __future__ import annotations

from typing import Annotated

from infra.settings.fields import named

Email = Annotated[
    str, named(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+", "one address, as team@example.com", 6, 254)
]
Https = Annotated[
    str, named(r"https://[^\s/]+\S*", "an address that begins with https://", 9, 2048)
]

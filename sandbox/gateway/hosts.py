"""Which application serves a host: the table in `sandbox/hosts.yaml`."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

import yaml

TABLE = Path(__file__).parent.parent / "hosts.yaml"

STORAGE = frozenset({"blob", "queue", "table"})
"""Applications that are ports of Azurite."""

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


@lru_cache
def table() -> dict[str, str]:
    """Host pattern to application, in order."""
    hosts: dict[str, str] = yaml.safe_load(TABLE.read_text())
    return hosts


@lru_cache(maxsize=4096)
def application_of(host: str) -> str | None:
    """The application's name, None for a host that the sandbox does not have."""
    host = host.lower()
    if len(host) > 253 or not _NAME.fullmatch(host):
        return None
    return next((name for pattern, name in table().items() if fnmatchcase(host, pattern)), None)

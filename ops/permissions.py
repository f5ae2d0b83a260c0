"""What a caller may do at a scope, by Azure's rules for actions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ops.arm import Arm

VERSION = "2022-04-01"


def granted(arm: Arm, scope: str) -> list[dict[str, Any]]:
    """The permission blocks of the caller's roles at a scope and above, one a role."""
    return arm.list(f"{scope}/providers/Microsoft.Authorization/permissions", VERSION)


def missing(blocks: list[dict[str, Any]], actions: Iterable[str]) -> list[str]:
    """The actions that none of the roles allows."""
    return [action for action in actions if not any(_allows(block, action) for block in blocks)]


def _allows(block: dict[str, Any], action: str) -> bool:
    """A role allows what its `actions` name, less its `notActions`: another role may add it."""
    allowed = any(_matches(pattern, action) for pattern in block.get("actions") or [])
    denied = any(_matches(pattern, action) for pattern in block.get("notActions") or [])
    return allowed and not denied


def _matches(pattern: str, action: str) -> bool:
    text = re.escape(pattern).replace(r"\*", ".*")
    return re.fullmatch(text, action, re.IGNORECASE) is not None

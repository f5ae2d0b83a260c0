"""Waiting for something to come true."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

PATIENCE = 120.0
PAUSE = 0.01


def until(condition: Callable[[], Any]) -> Any:
    """Poll until the condition holds; its value. Raises TimeoutError after `PATIENCE` seconds."""
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"not within {PATIENCE:g} seconds: {condition.__qualname__}")
        time.sleep(PAUSE)
    return value


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False

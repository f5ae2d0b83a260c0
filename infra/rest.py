"""What the program itself asks Azure, beside what Pulumi does: requests that only read."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import httpx

RESOURCE_MANAGER = "https://management.azure.com"
TIMEOUT = 30.0
"""Seconds, for each of connecting, reading and writing."""

Get = Callable[[str, str], dict[str, Any] | None]
"""The body of a resource by its id and API version; None: it is not there.

Raises PermissionError where it may not be seen, any other OSError where nobody answers.
"""


def answer(url: str, version: str, token: str) -> httpx.Response:
    """Whatever the status; raises OSError where nobody answers."""
    try:
        return httpx.get(
            url,
            params={"api-version": version},
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT,
        )
    except httpx.HTTPError as error:
        raise OSError(str(error)) from None


def asking(token: str) -> Get:
    """Asks Azure Resource Manager."""

    def get(identifier: str, version: str) -> dict[str, Any] | None:
        found = answer(f"{RESOURCE_MANAGER}{identifier}", version, token)
        if found.status_code == HTTPStatus.NOT_FOUND:
            return None
        if found.status_code == HTTPStatus.FORBIDDEN:
            raise PermissionError(f"HTTP {found.status_code}")
        if found.status_code != HTTPStatus.OK:
            raise OSError(f"HTTP {found.status_code}")
        body: dict[str, Any] = found.json()
        return body

    return get

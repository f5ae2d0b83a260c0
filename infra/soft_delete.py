"""Whether a name is held by a vault that was deleted and not purged: `up` then recovers it.

Azure keeps a deleted vault for its days of soft deletion and refuses another of that name. A vault
with purge protection cannot even be purged, so recovering is the only way to have it again.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

import httpx

API_VERSION = "2024-11-01"
ENDPOINT = "https://management.azure.com"
TIMEOUT = 30.0
"""Seconds, for each of connecting, reading and writing."""


def vault_is_deleted(
    subscription: str, location: str, name: str, token: str, warn: Callable[[str], None]
) -> bool:
    """Ask Azure; where it does not answer, warn and let the creation of the vault tell."""
    url = (
        f"{ENDPOINT}/subscriptions/{subscription}/providers/Microsoft.KeyVault"
        f"/locations/{location}/deletedVaults/{name}"
    )
    try:
        answer = httpx.get(
            url,
            params={"api-version": API_VERSION},
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT,
        )
    except httpx.HTTPError as error:
        warn(f"cannot tell whether vault {name} is soft-deleted: {error}")
        return False
    if answer.status_code not in (HTTPStatus.OK, HTTPStatus.NOT_FOUND):
        warn(f"cannot tell whether vault {name} is soft-deleted: HTTP {answer.status_code}")
    return answer.status_code == HTTPStatus.OK

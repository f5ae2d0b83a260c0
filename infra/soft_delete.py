"""Whether a name is held by a vault that was deleted and not purged: `up` then recovers it.

Azure keeps a deleted vault for its days of soft deletion and refuses another of that name. A vault
with purge protection cannot even be purged, so recovering is the only way to have it again.
"""

from __future__ import annotations

from collections.abc import Callable

from infra.rest import Get

API_VERSION = "2024-11-01"


def vault_is_deleted(
    subscription: str, location: str, name: str, get: Get, warn: Callable[[str], None]
) -> bool:
    """Ask Azure; where it does not answer, warn and let the creation of the vault tell."""
    deleted = (
        f"/subscriptions/{subscription}/providers/Microsoft.KeyVault"
        f"/locations/{location}/deletedVaults/{name}"
    )
    try:
        return get(deleted, API_VERSION) is not None
    except OSError as error:
        warn(f"cannot tell whether vault {name} is soft-deleted: {error}")
        return False

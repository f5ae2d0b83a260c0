"""The secrets of all vaults."""

from __future__ import annotations

from sandbox.vault.versions import Versions


class Secrets(Versions):
    """A version's `value` is the secret itself."""

    table = "vault_secrets"
    aside = "vault_deleted"

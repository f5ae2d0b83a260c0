"""Secrets in Key Vault, by the names that settings give them: no stack file holds one itself."""

from __future__ import annotations

from typing import Annotated

from infra.settings.fields import Section, named

SecretName = Annotated[
    str, named(r"[a-zA-Z0-9-]+", "letters, digits and hyphens, as Key Vault has them", 1, 127)
]
VaultName = Annotated[
    str, named(r"[A-Za-z](-?[A-Za-z0-9])*", "letters, digits and single hyphens", 3, 24)
]


class VaultSecret(Section):
    """A secret in Key Vault: read when the program runs, never written into a stack file."""

    secret: SecretName
    """The name of the secret in the vault."""
    vault: VaultName | None = None
    """The vault that has it; None: the environment's own."""

"""Secrets in Key Vault, by the names that settings give them: no stack file holds one itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NamedTuple

from infra.settings.faults import Path
from infra.settings.fields import Section, named

SecretName = Annotated[
    str, named(r"[a-zA-Z0-9-]+", "letters, digits and hyphens, as Key Vault has them", 1, 127)
]
VaultName = Annotated[
    str,
    named(
        r"[A-Za-z](-?[A-Za-z0-9])*",
        "letters, digits and single hyphens, a letter first and no hyphen last",
        3,
        24,
    ),
]


class VaultSecret(Section):
    """A secret in Key Vault: read when the program runs, never written into a stack file."""

    secret: SecretName
    """The name of the secret in the vault."""
    vault: VaultName | None = None
    """The vault that has it; None: the environment's own."""


class NamedSecret(NamedTuple):
    """One that settings name; `vault` is None where that is the environment's own."""

    path: Path
    name: str
    vault: str | None


def named_secrets(part: Any, path: Path = ()) -> Iterator[NamedSecret]:
    """Each secret in Key Vault that settings name: only what lies there has a `vault` beside it."""
    if isinstance(part, Section):
        part = {name: getattr(part, name) for name in type(part).model_fields}
        if part.get("secret") and "vault" in part:
            yield NamedSecret((*path, "secret"), part["secret"], part["vault"])
    if isinstance(part, Mapping):
        for key, value in part.items():
            yield from named_secrets(value, (*path, str(key)))

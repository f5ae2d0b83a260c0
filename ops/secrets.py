"""Secrets that a stack file names: put into the environment's vault, and told which are missing.

The vault is the only place that holds them. Nothing here prints or logs a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.keyvault.secrets import SecretClient

from ops import stacks
from ops.failure import Failure
from ops.federation import credential

VAULT = "azure-native:keyvault:Vault"


@dataclass(frozen=True)
class Secret:
    """A secret of a vault without its value; `updated` is empty where it is missing."""

    name: str
    updated: str
    settings: tuple[str, ...]
    """Where the stack file names it."""


def vault(environment: str) -> str:
    """The name of the environment's vault, also where the rest was never made.

    Raises `Failure` when there is none.
    """
    stack = stacks.open_stack(environment, create=False)
    for resource in stacks.resources(stack):
        if resource["type"] == VAULT and resource.get("id"):
            return str(resource["id"]).rpartition("/")[2]
    raise Failure(f"'{environment}' has no vault yet. Run: amlops up {environment}")


def put(vault_name: str, name: str, value: str) -> None:
    """Make the secret, or a new version of it. Raises `Failure`."""
    if not value:
        raise Failure(f"The value for '{name}' is empty; nothing was changed.")
    try:
        _client(vault_name).set_secret(name, value)
    except (ClientAuthenticationError, HttpResponseError) as error:
        raise _refused(error, vault_name, "set secrets", "Key Vault Secrets Officer") from None


def listing(environment: str, vault_name: str) -> list[Secret]:
    """What the vault has and what the stack file names, without values. Raises `Failure`."""
    settings: dict[str, list[str]] = {}
    for one in named(stacks.settings(environment)):
        if not one.vault:
            settings.setdefault(one.name, []).append(one.setting)
    kept = updates(vault_name)
    return [
        Secret(name, kept.get(name, ""), tuple(settings.get(name, ())))
        for name in sorted(kept.keys() | settings.keys())
    ]


def updates(vault_name: str) -> dict[str, str]:
    """The secrets that a vault has, each with when it was updated. Raises `Failure`."""
    try:
        return {
            str(item.name): f"{item.updated_on:%Y-%m-%d %H:%M}" if item.updated_on else ""
            for item in _client(vault_name).list_properties_of_secrets()
        }
    except (ClientAuthenticationError, HttpResponseError) as error:
        raise _refused(error, vault_name, "list secrets", "Key Vault Secrets User") from None


def _client(vault_name: str) -> SecretClient:
    return SecretClient(f"https://{vault_name}.vault.azure.net", credential())


def _refused(error: HttpResponseError, vault_name: str, doing: str, role: str) -> Failure:
    if error.status_code in (401, 403):
        return Failure(
            f"You may not {doing} in vault {vault_name}. The role is {role}: add it under "
            "'access' with 'scope: vault', or wait some minutes if it is new."
        )
    return Failure(f"Vault {vault_name}: {error.message}")


@dataclass(frozen=True)
class Named:
    """A secret that a stack file names; `vault` is empty where that is the environment's own."""

    name: str
    vault: str
    setting: str


def named(part: Any, path: str = "") -> Iterator[Named]:
    """Each secret of a vault that settings, defaults included, name. What has no `vault` beside it
    is none: `tls` names a secret in Kubernetes.
    """
    if isinstance(part, dict):
        if part.get("secret") and "vault" in part:
            setting = f"{path}.secret".lstrip(".")
            yield Named(str(part["secret"]), str(part.get("vault") or ""), setting)
        for key, value in part.items():
            yield from named(value, f"{path}.{key}".lstrip("."))

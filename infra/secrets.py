"""Secrets that the program needs while it deploys, read out of Key Vault at that moment.

A stack file names a secret and Key Vault holds it; what the program passes on is a Pulumi secret,
which the state keeps encrypted. Azure Resource Manager cannot read the value of a secret, so this
asks the vault itself, as whoever deploys.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

import httpx
import pulumi

from infra.rest import answer

API_VERSION = "7.4"
AUDIENCE = "https://vault.azure.net"

Read = Callable[[str, str], str]
"""The value of a secret, by the host of its vault and its name."""


class SecretError(pulumi.RunError):
    """Which secret could not be had, and what to do."""


class Secrets:
    """The secrets that settings name: in the environment's vault, or in another."""

    def __init__(
        self,
        environment: str,
        vault_name: pulumi.Input[str],
        vault_id: pulumi.Input[str],
        read: Read,
    ) -> None:
        self._environment = environment
        # The id is known only when the vault is there: nothing is read before.
        self._vault = pulumi.Output.all(vault_name, vault_id).apply(lambda both: str(both[0]))
        self._read = read

    def value(self, name: str, setting: str, vault: str | None = None) -> pulumi.Output[str]:
        """The secret's value, a Pulumi secret; `setting` is where it is named.

        Without `vault` it is in the environment's own. What is not there fails the update.
        """
        vaults = pulumi.Output.from_input(vault) if vault else self._vault
        return pulumi.Output.secret(
            vaults.apply(lambda found: self._get(f"{found}.vault.azure.net", name, setting))
        )

    def _get(self, host: str, name: str, setting: str) -> str:
        try:
            return self._read(host, name)
        except LookupError:
            raise SecretError(
                f"{setting}: vault {host} has no secret '{name}'. Put it there, then run again: "
                f"amlops secrets set {self._environment} {name}"
            ) from None
        except PermissionError as error:
            raise SecretError(
                f"{setting}: whoever deploys may not read secret '{name}' in vault {host}: "
                f"{error}. The role is Key Vault Secrets User; a new grant takes minutes to be seen"
            ) from None
        except OSError as error:
            raise SecretError(f"{setting}: vault {host} did not answer: {error}") from None


def reader(token: Callable[[], str]) -> Read:
    """Asks the vaults themselves, with a token for them."""

    def read(host: str, name: str) -> str:
        """Raises LookupError, PermissionError, or OSError where nobody answers."""
        found = answer(f"https://{host}/secrets/{name}", API_VERSION, token())
        if found.status_code == HTTPStatus.NOT_FOUND:
            raise LookupError(name)
        if found.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise PermissionError(_code(found))
        if not found.is_success:
            raise OSError(f"HTTP {found.status_code}")
        return str(found.json()["value"])

    return read


def _code(answer: httpx.Response) -> str:
    try:
        error = answer.json()["error"]
        return str(error.get("innererror", {}).get("code") or error["code"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code}"

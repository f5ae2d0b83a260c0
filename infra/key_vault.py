"""Secrets that the program needs while it deploys, read out of Key Vault at that moment.

A stack file names a secret and Key Vault holds it; what the program passes on is a Pulumi secret,
which the state keeps encrypted. Azure Resource Manager cannot read the value of a secret, so this
asks the vault itself, as whoever deploys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus

import httpx
import pulumi

from infra.rest import answer
from infra.settings import Fault, NamedSecret

API_VERSION = "7.4"
AUDIENCE = "https://vault.azure.net"

Read = Callable[[str, str], str]
"""The value of a secret, by the host of its vault and its name."""


Refuse = Callable[[Sequence[Fault]], Exception]
"""What ends the program where secrets cannot be had: says which, and what to do."""


class Secrets:
    """The secrets that settings name: in the environment's vault, or in another.

    Those of the environment's are read together once it is there, all others at once: what is
    missing is told together, too.
    """

    def __init__(
        self,
        environment: str,
        vault_name: pulumi.Input[str],
        vault_id: pulumi.Input[str],
        read: Read,
        named: Iterable[NamedSecret],
        refuse: Refuse,
    ) -> None:
        self._environment = environment
        # The id is known only when the vault is there: nothing is read before.
        self._vault = pulumi.Output.all(vault_name, vault_id).apply(lambda both: str(both[0]))
        self._read, self._refuse = read, refuse
        named = list(named)
        self._own = [one for one in named if not one.vault]
        self._others = [one for one in named if one.vault]
        self._kept: dict[tuple[str, str], str] = {}

    def value(self, name: str, vault: str | None = None) -> pulumi.Output[str]:
        """The secret's value, a Pulumi secret.

        Without `vault` it is in the environment's own. What is not there fails the update.
        """
        vaults = pulumi.Output.from_input(vault) if vault else self._vault
        wanted = self._others if vault else self._own
        return pulumi.Output.secret(vaults.apply(lambda found: self._get(found, name, wanted)))

    def _get(self, vault: str, name: str, wanted: Sequence[NamedSecret]) -> str:
        if (vault, name) not in self._kept:
            faults = [fault for one in wanted if (fault := self._fetch(one.vault or vault, one))]
            if faults:
                raise self._refuse(faults)
        return self._kept[vault, name]

    def _fetch(self, vault: str, one: NamedSecret) -> Fault | None:
        """What is wrong with one that cannot be had."""
        host, name = f"{vault}.vault.azure.net", one.name
        try:
            self._kept[vault, name] = self._read(host, name)
        except LookupError:
            own = f"amlops secrets set {self._environment} {name}"
            team = f"az keyvault secret set --vault-name {vault} --name {name} --file FILE"
            text = (
                f"vault {host} has no secret '{name}'. Put it there, then run again: "
                f"{team if one.vault else own}"
            )
        except PermissionError as error:
            text = (
                f"whoever deploys may not read secret '{name}' in vault {host}: {error}. "
                "The role is Key Vault Secrets User; a new grant takes minutes to be seen"
            )
        except OSError as error:
            text = f"vault {host} did not answer: {error}"
        else:
            return None
        return Fault(one.path, text)


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

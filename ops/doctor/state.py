"""Whether Pulumi's state can be read and its secrets opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ops import stack_files, stacks
from ops.doctor.case import Case
from ops.doctor.finding import Finding, ok, problem
from ops.doctor.roles import assign

if TYPE_CHECKING:
    from requests import Response

BOOTSTRAP = "amlops bootstrap --target azure"
PASSPHRASE = "PULUMI_CONFIG_PASSPHRASE"  # noqa: S105 - a variable's name


def backend(case: Case) -> Iterator[Finding]:
    url = os.environ.get("PULUMI_BACKEND_URL", "")
    if not url:
        yield problem("PULUMI_BACKEND_URL is not set: where is Pulumi's state?", BOOTSTRAP)
        return
    shown = f"the backend {url.partition('?')[0]}"
    try:
        known = stacks.names()
    except Exception as error:  # whatever the command line said
        first = stacks.failure_of(error).message.splitlines()[0]
        yield problem(f"{shown} cannot be read: {first}", "pulumi login")
        return
    state = "has it" if case.environment in known else f"has no stack '{case.environment}' yet"
    yield ok(f"{shown} is reachable and {state}")


def secrets_provider(case: Case) -> Iterator[Finding]:
    provider = secrets_provider_of(case.environment)
    if provider.startswith("azurekeyvault://"):
        yield _key(case, provider)
    elif provider in ("", "passphrase"):
        if os.environ.get(PASSPHRASE) or os.environ.get(f"{PASSPHRASE}_FILE"):
            yield ok("secrets in the state are encrypted with the passphrase that is set")
        else:
            yield problem(
                f"{PASSPHRASE} is not set, and the stack names no key: secrets cannot be opened.",
                BOOTSTRAP,
            )
    else:
        yield ok(f"secrets in the state are encrypted by {provider.partition('?')[0]}")


def secrets_provider_of(environment: str) -> str:
    """What the stack file names, else what the variable of `pulumi stack init` names."""
    named = stack_files.content(environment).get("secretsprovider")
    return str(named or os.environ.get("PULUMI_SECRETS_PROVIDER", ""))


def _key(case: Case, provider: str) -> Finding:
    """`azurekeyvault://VAULT.vault.azure.net/keys/NAME`: to be there, and to be used by us."""
    import requests

    parts = urlsplit(provider)
    token = case.arm.credential.get_token("https://vault.azure.net/.default").token
    try:
        answer = requests.get(
            f"https://{parts.netloc}{parts.path}?api-version=7.4",
            headers={"authorization": f"Bearer {token}"},
            timeout=30,
        )
    except requests.RequestException:  # A vault that is gone has no address any more.
        return problem(f"The vault {parts.netloc} cannot be reached.", BOOTSTRAP)
    if answer.ok:
        return ok(f"the key {parts.netloc}{parts.path} encrypts the state's secrets")
    vault = parts.netloc.partition(".")[0]
    if answer.status_code == requests.codes.forbidden:
        return problem(
            f"The key {parts.netloc}{parts.path} may not be used: {_message(answer)}",
            assign(
                case,
                "Key Vault Crypto User",
                f"$(az keyvault show --name {vault} --query id -o tsv)",
            ),
        )
    return problem(
        f"The key {parts.netloc}{parts.path} is not to be had: {_message(answer)}", BOOTSTRAP
    )


def _message(answer: Response) -> str:
    """The first line of what the vault says, else the name of the HTTP status."""
    try:
        text = str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        text = ""
    return (text or answer.reason or str(answer.status_code)).splitlines()[0]

"""Whether the secrets that the stack file names are in their vaults: `up` reads them there."""

from __future__ import annotations

from collections.abc import Iterator

from ops.doctor.case import Case
from ops.doctor.finding import Finding, ok, problem, warning
from ops.doctor.names import VAULTS
from ops.failure import Failure, explain
from ops.secrets import Named, named, updates


def check(case: Case) -> Iterator[Finding]:
    by_vault: dict[str, list[Named]] = {}
    for one in named(case.settings):
        by_vault.setdefault(one.vault, []).append(one)
    for vault, wanted in by_vault.items():
        yield from _look(case, vault, wanted)


def _look(case: Case, vault: str, wanted: list[Named]) -> Iterator[Finding]:
    from azure.core.exceptions import AzureError

    host, put = vault, "az keyvault secret set --vault-name {vault} --name {name} --file FILE"
    if not vault:
        put = f"amlops secrets set {case.environment} {{name}}"
        (own,) = case.plan.of_kind(VAULTS)
        host = str(own.inputs["vaultName"])
        identifier = own.id(case.subscription, case.plan.group)
        if identifier is None or case.arm.get(identifier, own.version) is None:
            yield from (_too_early(case, one, put.format(name=one.name)) for one in wanted)
            return
    try:
        there = updates(host)
    except (Failure, AzureError) as error:
        told = error if isinstance(error, Failure) else explain(error)
        settings = ", ".join(one.setting for one in wanted)
        what = f"{settings}: the vault '{host}' cannot be looked at: {told.message.splitlines()[0]}"
        yield problem(what, f"correct it in {case.file}, or have access to the vault")
        return
    for one in wanted:
        if one.name in there:
            yield ok(f"secret '{one.name}' is in vault {host}")
        else:
            yield problem(
                f"{one.setting}: the secret '{one.name}' is not in vault {host}.",
                put.format(vault=host, name=one.name),
            )


def _too_early(case: Case, one: Named, put: str) -> Finding:
    return warning(
        f"{one.setting}: the secret '{one.name}' cannot be there yet: the first 'up' makes the "
        "vault and all else, and ends with what is missing.",
        f"amlops up {case.environment}; then: {put}; then 'up' again",
    )

"""Workload identity: a signed assertion in place of a client secret, as pipelines present it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.arm.identities import IDENTITIES
from sandbox.login.tokens import TokenError, verify

if TYPE_CHECKING:
    from sandbox.azure import Azure

EXCHANGE = "api://AzureADTokenExchange"
CREDENTIALS = f"{IDENTITIES}/federatedIdentityCredentials"


class RefusedAssertionError(Exception):
    """`number` is the AADSTS number."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number


def principal_of(azure: Azure, client_id: str, assertion: str) -> tuple[str, str]:
    """Object id and application id of the identity that the assertion stands for.

    The sandbox reaches no foreign issuer, so the assertion has to be signed by the sandbox
    (`sandbox.login.tokens.mint` with the audience `EXCHANGE`). The service principal takes any
    such; a user-assigned identity one that a federated credential of its own names.
    """
    try:
        claims = verify(azure.identity, azure.clock, assertion, [EXCHANGE]).claims
    except TokenError as error:
        raise RefusedAssertionError(
            700027, f"Client assertion failed signature validation: {error.message}"
        ) from None
    if client_id == azure.identity.client_id:
        return azure.identity.principal_id, client_id
    for identity in azure.resources.list(IDENTITIES):
        if identity.properties.get("clientId") != client_id:
            continue
        for credential in azure.resources.children(identity.id, CREDENTIALS):
            wanted = credential.properties
            if (
                wanted.get("issuer", "").rstrip("/") == claims["iss"].rstrip("/")
                and wanted.get("subject") == claims.get("sub")
                and EXCHANGE in wanted.get("audiences", [])
            ):
                return identity.properties["principalId"], client_id
    raise RefusedAssertionError(
        700213,
        "No matching federated identity record found for presented assertion subject "
        f"'{claims.get('sub')}'.",
    )

"""Who may do what with a vault's secrets and keys: a token first, then roles or access policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.login.tokens import AUDIENCES, VAULT, Caller, TokenError, verify

if TYPE_CHECKING:
    from sandbox.arm.resource import Resource
    from sandbox.azure import Azure

_SECRETS, _KEYS = "Microsoft.KeyVault/vaults/secrets", "Microsoft.KeyVault/vaults/keys"
ACTIONS = {
    "secrets/get": f"{_SECRETS}/getSecret/action",
    "secrets/list": f"{_SECRETS}/readMetadata/action",
    "secrets/set": f"{_SECRETS}/setSecret/action",
    "secrets/update": f"{_SECRETS}/update/action",
    "secrets/delete": f"{_SECRETS}/delete",
    "secrets/recover": f"{_SECRETS}/recover/action",
    "secrets/purge": f"{_SECRETS}/purge/action",
    "keys/get": f"{_KEYS}/read",
    "keys/list": f"{_KEYS}/read",
    "keys/create": f"{_KEYS}/create/action",
    "keys/import": f"{_KEYS}/import/action",
    "keys/rotate": f"{_KEYS}/rotate/action",
    "keys/update": f"{_KEYS}/update/action",
    "keys/delete": f"{_KEYS}/delete",
    "keys/recover": f"{_KEYS}/recover/action",
    "keys/purge": f"{_KEYS}/purge/action",
    "keys/encrypt": f"{_KEYS}/encrypt/action",
    "keys/decrypt": f"{_KEYS}/decrypt/action",
    "keys/wrapKey": f"{_KEYS}/wrap/action",
    "keys/unwrapKey": f"{_KEYS}/unwrap/action",
    "keys/sign": f"{_KEYS}/sign/action",
    "keys/verify": f"{_KEYS}/verify/action",
}
"""Operation to the data action of Azure's built-in roles ("Azure RBAC for Key Vault")."""


class VaultError(Exception):
    """A refusal in Key Vault's format; `inner` is the more precise code."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        inner: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.inner = inner
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.inner:
            error["innererror"] = {"code": self.inner}
        return {"error": error}


def authenticate(azure: Azure, authorization: str) -> Caller:
    """Who asks. Raises the 401 whose challenge tells a client where to get a token."""
    scheme, _, token = authorization.partition(" ")
    message = "AKV10000: Request is missing a Bearer or PoP token."
    if scheme.lower() == "bearer" and token:
        try:
            return verify(azure.identity, azure.clock, token, AUDIENCES[VAULT])
        except TokenError as error:
            message = f"AKV10032: {error.message}"
    challenge = (
        f'Bearer authorization="https://login.microsoftonline.com/{azure.identity.tenant_id}", '
        f'resource="{VAULT}"'
    )
    raise VaultError(401, "Unauthorized", message, headers={"WWW-Authenticate": challenge})


def authorize(azure: Azure, caller: Caller, vault: Resource, operation: str) -> None:
    """Raises Key Vault's 403 unless a role or an access policy allows the operation."""
    by_role = vault.properties.get("enableRbacAuthorization")
    if by_role:
        allowed = azure.authorization.allows(
            caller.principal_id, vault.id, ACTIONS[operation], data=True
        )
        inner = "ForbiddenByRbac"
    else:
        allowed = _by_policy(vault, caller.principal_id, operation)
        inner = "AccessDenied"
    if not allowed:
        remedy = (
            "If role assignments were changed recently, please observe propagation time."
            if by_role
            else "The vault goes by access policies, and none of them allows it."
        )
        raise VaultError(
            403,
            "Forbidden",
            "Caller is not authorized to perform action on resource.\r\n"
            f"{remedy}\r\nCaller: appid={caller.client_id};oid={caller.principal_id}\r\n"
            f"Action: '{ACTIONS[operation]}'\r\nVault: {vault.id.name}",
            inner,
        )


def _by_policy(vault: Resource, principal_id: str, operation: str) -> bool:
    kind, _, permission = operation.partition("/")
    if operation == "secrets/update":
        permission = "set"
    for policy in vault.properties.get("accessPolicies") or []:
        if policy.get("objectId") == principal_id:
            granted = (policy.get("permissions") or {}).get(kind) or []
            if {permission.lower(), "all"} & {str(one).lower() for one in granted}:
                return True
    return False

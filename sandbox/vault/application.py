"""`{vault}.vault.azure.net`: the operations of the official secrets client."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.arm.errors import ArmError
from sandbox.vault.access import VaultError, authenticate, authorize
from sandbox.vault.secrets import Deletion, Secret, Secrets

if TYPE_CHECKING:
    from sandbox.arm.resource import Resource
    from sandbox.azure import Azure

VAULTS = "Microsoft.KeyVault/vaults"
DEFAULT_RETENTION_DAYS = 90
VALUE_LIMIT = 25 * 1024
PAGE = 25
_NAME = re.compile(r"[0-9a-zA-Z-]{1,127}")

Body = dict[str, Any]
Operation = Callable[["Vault", Request, Body], Response]


class Vault:
    """One vault as one request sees it."""

    def __init__(self, secrets: Secrets, resource: Resource) -> None:
        self.secrets = secrets
        self.resource = resource
        self.key = resource.id.key
        self.url = f"https://{resource.id.name}.vault.azure.net"
        properties = resource.properties
        self.retention_days = int(
            properties.get("softDeleteRetentionInDays") or DEFAULT_RETENTION_DAYS
        )
        self.protected = bool(properties.get("enablePurgeProtection"))

    # -- what clients see ---------------------------------------------------------------------

    def bundle(self, secret: Secret, *, value: bool = True, version: bool = True) -> Body:
        level = "Recoverable" if self.protected else "Recoverable+Purgeable"
        if self.retention_days < DEFAULT_RETENTION_DAYS:
            level = f"Customized{level}"
        body: Body = {
            "id": f"{self.url}/secrets/{secret.name}" + (f"/{secret.version}" if version else ""),
            "attributes": {
                **secret.attributes,
                "created": int(secret.created),
                "updated": int(secret.updated),
                "recoveryLevel": level,
                "recoverableDays": self.retention_days,
            },
        }
        if value:
            body["value"] = secret.value
        if secret.content_type is not None:
            body["contentType"] = secret.content_type
        if secret.tags is not None:
            body["tags"] = secret.tags
        return body

    def deleted(self, deletion: Deletion, *, version: bool = True) -> Body:
        secret = self.secrets.newest(self.key, deletion.name)
        body = self.bundle(secret, value=False, version=version) if secret else {}
        return {
            **body,
            "recoveryId": f"{self.url}/deletedsecrets/{deletion.name}",
            "deletedDate": int(deletion.deleted),
            "scheduledPurgeDate": int(deletion.purge),
        }

    # -- what is there ------------------------------------------------------------------------

    def need(self, name: str, version: str = "") -> Secret:
        """The version, by default the newest. Raises 404, also for a deleted secret."""
        found = None
        if self.secrets.deletion(self.key, name) is None:
            found = (
                self.secrets.get(self.key, name, version)
                if version
                else self.secrets.newest(self.key, name)
            )
        if found is None:
            raise VaultError(
                404,
                "SecretNotFound",
                f"A secret with (name/id) {name}{'/' if version else ''}{version} was not found in "
                "this key vault. If you recently deleted this secret you may be able to recover "
                "it using the correct recovery command. For help resolving this issue, please "
                "see https://go.microsoft.com/fwlink/?linkid=2125182",
            )
        return found

    def need_deleted(self, name: str) -> Deletion:
        found = self.secrets.deletion(self.key, name)
        if found is None:
            raise VaultError(
                404, "SecretNotFound", f"Deleted Secret not found: {name} in {self.url}"
            )
        return found


# -- operations -------------------------------------------------------------------------------


def set_secret(vault: Vault, request: Request, body: Body) -> Response:
    name = request.path_params["name"]
    if not _NAME.fullmatch(name):
        raise _bad(f"The request URI contains an invalid name: {name}")
    value = body.get("value")
    if not isinstance(value, str):
        raise _bad("Parameter 'value' is required and must be a string.")
    if len(value.encode()) > VALUE_LIMIT:
        raise _bad("The secret value is longer than 25k bytes.")
    if vault.secrets.deletion(vault.key, name) is not None:
        raise VaultError(
            409,
            "Conflict",
            f"Secret {name} is currently in a deleted but recoverable state, and its name cannot "
            "be reused; in this state, the secret can only be recovered or purged.",
            "ObjectIsDeletedButRecoverable",
        )
    secret = vault.secrets.add(
        vault.key,
        name,
        value,
        _typed(body, "contentType", str),
        _typed(body, "tags", dict),
        _attributes(body),
    )
    return JSONResponse(vault.bundle(secret))


def get_secret(vault: Vault, request: Request, body: Body) -> Response:  # noqa: ARG001
    secret = vault.need(request.path_params["name"], request.path_params.get("version", ""))
    if not secret.attributes["enabled"]:
        raise VaultError(
            403,
            "Forbidden",
            "Operation get is not allowed on a disabled secret.",
            "SecretDisabled",
        )
    return JSONResponse(vault.bundle(secret))


def update_secret(vault: Vault, request: Request, body: Body) -> Response:
    secret = vault.need(request.path_params["name"], request.path_params.get("version", ""))
    secret.attributes.update(_attributes(body))
    if "tags" in body:
        secret.tags = _typed(body, "tags", dict)
    if "contentType" in body:
        secret.content_type = _typed(body, "contentType", str)
    vault.secrets.update(vault.key, secret)
    return JSONResponse(vault.bundle(secret, value=False))


def list_secrets(vault: Vault, request: Request, body: Body) -> Response:  # noqa: ARG001
    found = [vault.need(name) for name in vault.secrets.names(vault.key)]
    return _page(vault, request, [vault.bundle(one, value=False, version=False) for one in found])


def list_versions(vault: Vault, request: Request, body: Body) -> Response:  # noqa: ARG001
    name = request.path_params["name"]
    vault.need(name)
    found = vault.secrets.versions(vault.key, name)
    return _page(vault, request, [vault.bundle(one, value=False) for one in found])


def delete_secret(vault: Vault, request: Request, body: Body) -> Response:  # noqa: ARG001
    secret = vault.need(request.path_params["name"])
    retention = timedelta(days=vault.retention_days)
    return JSONResponse(vault.deleted(vault.secrets.delete(vault.key, secret.name, retention)))


def list_deleted(vault: Vault, request: Request, body: Body) -> Response:  # noqa: ARG001
    found = vault.secrets.deletions(vault.key)
    return _page(vault, request, [vault.deleted(one, version=False) for one in found])


def get_deleted(vault: Vault, request: Request, body: Body) -> Response:  # noqa: ARG001
    return JSONResponse(vault.deleted(vault.need_deleted(request.path_params["name"])))


def recover_secret(vault: Vault, request: Request, body: Body) -> Response:  # noqa: ARG001
    deletion = vault.need_deleted(request.path_params["name"])
    vault.secrets.recover(vault.key, deletion.name)
    return JSONResponse(vault.bundle(vault.need(deletion.name), value=False))


def purge_secret(vault: Vault, request: Request, body: Body) -> Response:  # noqa: ARG001
    deletion = vault.need_deleted(request.path_params["name"])
    if vault.protected:
        raise VaultError(
            403,
            "Forbidden",
            "Operation purge is not allowed because purge protection is enabled for this vault. "
            "Key Vault will automatically purge this secret after its scheduled purge date.",
        )
    vault.secrets.purge(vault.key, deletion.name)
    return Response(status_code=204)


# path, method, operation, what the caller must be allowed to do
ROUTES: Sequence[tuple[str, str, Operation, str]] = (
    ("/secrets", "GET", list_secrets, "list"),
    ("/secrets/{name}", "PUT", set_secret, "set"),
    ("/secrets/{name}", "DELETE", delete_secret, "delete"),
    ("/secrets/{name}/versions", "GET", list_versions, "list"),
    ("/secrets/{name}", "GET", get_secret, "get"),
    ("/secrets/{name}/", "GET", get_secret, "get"),
    ("/secrets/{name}/{version}", "GET", get_secret, "get"),
    ("/secrets/{name}", "PATCH", update_secret, "update"),
    ("/secrets/{name}/", "PATCH", update_secret, "update"),
    ("/secrets/{name}/{version}", "PATCH", update_secret, "update"),
    ("/deletedsecrets", "GET", list_deleted, "list"),
    ("/deletedsecrets/{name}", "GET", get_deleted, "list"),
    ("/deletedsecrets/{name}", "DELETE", purge_secret, "purge"),
    ("/deletedsecrets/{name}/recover", "POST", recover_secret, "recover"),
)


def application(azure: Azure) -> Starlette:
    secrets = Secrets(azure.store, azure.clock)

    def endpoint(operation: Operation, permission: str) -> Callable[[Request], Any]:
        async def serve(request: Request) -> Response:
            host = request.headers.get("host", "").split(":")[0]
            await azure.faults.on_request(f"{request.method} {host}{request.url.path}")
            caller = authenticate(azure, request.headers.get("authorization", ""))
            resource = _vault(azure, host)
            authorize(azure, caller, resource, permission)
            return operation(Vault(secrets, resource), request, await _body(request))

        return serve

    routes = [
        Route(path, endpoint(operation, permission), methods=[method])
        for path, method, operation, permission in ROUTES
    ]
    handlers: dict[Any, Any] = {VaultError: _refuse, ArmError: _fault, 404: _no_route}
    app = Starlette(routes=routes, exception_handlers={**handlers, 405: _no_route})
    app.router.redirect_slashes = False
    return app


def _vault(azure: Azure, host: str) -> Resource:
    name = host.split(".")[0].lower()
    for resource in azure.resources.list(VAULTS):
        if resource.id.name.lower() == name:
            return resource
    raise VaultError(404, "VaultNotFound", f"There is no key vault '{name}' in this sandbox.")


async def _body(request: Request) -> Body:
    raw = await request.body()
    if not raw:
        return {}
    try:
        body = await request.json()
    except ValueError as error:
        raise _bad(f"The request body is not valid JSON: {error}") from None
    if not isinstance(body, dict):
        raise _bad("The request body must be a JSON object.")
    return body


def _typed(body: Body, name: str, kind: type) -> Any:
    value = body.get(name)
    if value is not None and not isinstance(value, kind):
        raise _bad(f"Parameter '{name}' has the wrong type.")
    return value


def _attributes(body: Body) -> Body:
    """What a client may set of them."""
    given = _typed(body, "attributes", dict) or {}
    kinds: dict[str, type] = {"enabled": bool, "exp": int, "nbf": int}
    for name, kind in kinds.items():
        value = given.get(name)
        if value is not None and (not isinstance(value, kind) or (kind is int and value is True)):
            raise _bad(f"Attribute '{name}' has the wrong type.")
    return {name: given[name] for name in kinds if given.get(name) is not None}


def _page(vault: Vault, request: Request, items: list[Body]) -> Response:
    try:
        size = min(max(int(request.query_params.get("maxresults", PAGE)), 1), PAGE)
        start = int(base64.b64decode(request.query_params.get("$skiptoken", "MA==")))
    except ValueError:
        raise _bad("Parameter 'maxresults' or '$skiptoken' is not valid.") from None
    following = None
    if start + size < len(items):
        token = base64.urlsafe_b64encode(str(start + size).encode()).decode()
        version = request.query_params.get("api-version", "7.4")
        following = (
            f"{vault.url}{request.url.path}?api-version={version}&$skiptoken={token}"
            f"&maxresults={size}"
        )
    return JSONResponse({"value": items[start : start + size], "nextLink": following})


def _bad(message: str) -> VaultError:
    return VaultError(400, "BadParameter", message)


def _refuse(_: Request, error: VaultError) -> Response:
    return JSONResponse(error.body(), error.status, error.headers)


def _fault(_: Request, error: ArmError) -> Response:
    return JSONResponse(error.body(), error.status, error.headers)


def _no_route(request: Request, _: Exception) -> Response:
    missing = VaultError(
        404,
        "NotFound",
        f"The sandbox's Key Vault has no {request.method} {request.url.path}; it serves secrets.",
    )
    return JSONResponse(missing.body(), missing.status)

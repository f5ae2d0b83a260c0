"""`{vault}.vault.azure.net`: the operations of the official clients for secrets and keys."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import refusals
from sandbox.vault import collection as both
from sandbox.vault import key_operations as keys
from sandbox.vault import secret_operations as secrets
from sandbox.vault.access import VaultError, authenticate, authorize
from sandbox.vault.collection import VAULTS, Body, bad
from sandbox.vault.keys import Keys
from sandbox.vault.secrets import Secrets

if TYPE_CHECKING:
    from sandbox.arm.resource import Resource
    from sandbox.azure import Azure

Operation = Callable[[Any, Request, Body], Response | Awaitable[Response]]

# path, method, operation, what the caller must be allowed to do with secrets or keys
ROUTES: Sequence[tuple[str, str, Operation, str]] = (
    ("/secrets", "GET", both.list_all, "secrets/list"),
    ("/secrets/{name}", "PUT", secrets.set_secret, "secrets/set"),
    ("/secrets/{name}", "DELETE", both.delete, "secrets/delete"),
    ("/secrets/{name}/versions", "GET", both.list_versions, "secrets/list"),
    ("/secrets/{name}", "GET", secrets.get_secret, "secrets/get"),
    ("/secrets/{name}/", "GET", secrets.get_secret, "secrets/get"),
    ("/secrets/{name}/{version}", "GET", secrets.get_secret, "secrets/get"),
    ("/secrets/{name}", "PATCH", secrets.update_secret, "secrets/update"),
    ("/secrets/{name}/", "PATCH", secrets.update_secret, "secrets/update"),
    ("/secrets/{name}/{version}", "PATCH", secrets.update_secret, "secrets/update"),
    ("/deletedsecrets", "GET", both.list_deleted, "secrets/list"),
    ("/deletedsecrets/{name}", "GET", both.get_deleted, "secrets/list"),
    ("/deletedsecrets/{name}", "DELETE", both.purge, "secrets/purge"),
    ("/deletedsecrets/{name}/recover", "POST", both.recover, "secrets/recover"),
    ("/keys", "GET", both.list_all, "keys/list"),
    ("/keys/{name}/create", "POST", keys.create_key, "keys/create"),
    ("/keys/{name}/rotate", "POST", keys.rotate_key, "keys/rotate"),
    ("/keys/{name}", "PUT", keys.import_key, "keys/import"),
    ("/keys/{name}", "DELETE", both.delete, "keys/delete"),
    ("/keys/{name}/versions", "GET", both.list_versions, "keys/list"),
    ("/keys/{name}", "GET", keys.get_key, "keys/get"),
    ("/keys/{name}/", "GET", keys.get_key, "keys/get"),
    ("/keys/{name}/{version}", "GET", keys.get_key, "keys/get"),
    ("/keys/{name}", "PATCH", keys.update_key, "keys/update"),
    ("/keys/{name}/", "PATCH", keys.update_key, "keys/update"),
    ("/keys/{name}/{version}", "PATCH", keys.update_key, "keys/update"),
    *(
        (path, "POST", operation, f"keys/{permission}")
        for operation, word, permission in (
            (keys.encrypt, "encrypt", "encrypt"),
            (keys.decrypt, "decrypt", "decrypt"),
            (keys.wrap, "wrapkey", "wrapKey"),
            (keys.unwrap, "unwrapkey", "unwrapKey"),
            (keys.sign, "sign", "sign"),
            (keys.verify, "verify", "verify"),
        )
        # Without a version, with an empty one (as Go's client sends it), with one.
        for path in (
            f"/keys/{{name}}/{word}",
            f"/keys/{{name}}//{word}",
            f"/keys/{{name}}/{{version}}/{word}",
        )
    ),
    ("/deletedkeys", "GET", both.list_deleted, "keys/list"),
    ("/deletedkeys/{name}", "GET", both.get_deleted, "keys/get"),
    ("/deletedkeys/{name}", "DELETE", both.purge, "keys/purge"),
    ("/deletedkeys/{name}/recover", "POST", both.recover, "keys/recover"),
)


def application(azure: Azure) -> Starlette:
    stored = {"secrets": Secrets(azure.store, azure.clock), "keys": Keys(azure.store, azure.clock)}
    kinds: dict[str, Any] = {"secrets": secrets.SecretsOfVault, "keys": keys.KeysOfVault}

    def endpoint(operation: Operation, permission: str) -> Callable[[Request], Any]:
        kind = permission.partition("/")[0]

        async def serve(request: Request) -> Response:
            host = request.headers.get("host", "").split(":")[0]
            await azure.faults.on_request(f"{request.method} {host}{request.url.path}")
            caller = authenticate(azure, request.headers.get("authorization", ""))
            resource = _vault(azure, host)
            authorize(azure, caller, resource, permission)
            items = kinds[kind](azure, stored[kind], resource)
            answer = operation(items, request, await _body(request))
            return await answer if inspect.isawaitable(answer) else answer

        return serve

    routes = [
        Route(path, endpoint(operation, permission), methods=[method])
        for path, method, operation, permission in ROUTES
    ]
    app = refusals.application(routes, {VaultError: _refuse, HTTPException: _no_route})
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
    except (ValueError, RecursionError) as error:
        raise bad(f"The request body is not valid JSON: {error}") from None
    if not isinstance(body, dict):
        raise bad("The request body must be a JSON object.")
    return body


def _refuse(_: Request, error: VaultError) -> Response:
    return JSONResponse(error.body(), error.status, error.headers)


def _no_route(request: Request, _: Exception) -> Response:
    missing = VaultError(
        404,
        "NotFound",
        f"The sandbox's Key Vault has no {request.method} {request.url.path}; "
        "it serves secrets and keys.",
    )
    return JSONResponse(missing.body(), missing.status)

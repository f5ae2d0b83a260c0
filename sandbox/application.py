"""Which application answers which host, and the step that all of them share.

A request comes in on one listener; its host decides (``hosts.yaml``). Who calls the data plane, or
the sandbox itself, is known before their application sees the request.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sandbox.arm.application import application as arm
from sandbox.arm.errors import ArmError, unforeseen
from sandbox.gateway.hosts import application_of
from sandbox.login.tokens import ARM, AUDIENCES, MACHINE_LEARNING, Caller, TokenError, verify
from sandbox.ml.registry_assets import FRONT
from sandbox.resources import all_routes

if TYPE_CHECKING:
    from sandbox.azure import Azure

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

MODULES = {
    "login": "sandbox.login.application",
    "managed-identity": "sandbox.login.managed",
    "graph": "sandbox.graph",
    "vault": "sandbox.vault.application",
    "data-plane": "sandbox.ml.dataplane",
    "inference": "sandbox.serving.application",
    "ingestion": "sandbox.ingestion",
    "admin": "sandbox.admin",
    "unsupported": "sandbox.blob.unsupported",
}


class Hosts:
    """The ASGI application of the whole sandbox."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure
        self.applications: dict[str, Application] = {
            name: import_module(module).application(azure) for name, module in MODULES.items()
        }
        self.applications["arm"] = arm(azure, all_routes())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; what nobody foresaw is logged here, whichever application it befell."""
        answered = False

        async def sending(message: MutableMapping[str, Any]) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self.serve(scope, receive, sending)
        except Exception as error:
            self.azure.log.exception("%s %s%s failed", scope["method"], _host(scope), scope["path"])
            if not answered:
                await answer(send, unforeseen(error))

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = application_of(_host(scope))
        if name == "data-plane" and scope["path"].startswith(f"{FRONT}/"):
            # Resources of registries: ARM answers, which looks at the token itself.
            path = scope["path"].removeprefix(FRONT)
            scope = {**scope, "path": path, "raw_path": quote(path).encode()}
            name = "arm"
        try:
            if name == "data-plane":
                scope["caller"] = self.caller(scope)
                await self.azure.faults.on_request(
                    f"{scope['method']} {_host(scope)}{scope['path']}"
                )
            elif name == "admin":
                self.check_owner(scope)
        except ArmError as error:
            await answer(send, error)
            return
        application = self.applications.get(name or "")
        if application is None:
            text = f"The sandbox has no application behind '{_host(scope)}'."
            await answer(send, ArmError(403, "UnknownHost", text))
            return
        await application(scope, receive, send)

    def caller(self, scope: Scope) -> Caller | None:
        """Who calls the data plane. Raises 401; the discovery document is for everybody."""
        if scope["path"].rstrip("/").endswith("/discovery"):
            return None
        return self.verified(scope, MACHINE_LEARNING)

    def check_owner(self, scope: Scope) -> None:
        """Only the sandbox's own service principal moves its clock: no job, nobody else on the
        machine. Raises 401, 403.
        """
        if self.verified(scope, ARM).principal_id != self.azure.identity.principal_id:
            raise ArmError(403, "Forbidden", "This is for the sandbox's service principal only.")

    def verified(self, scope: Scope, service: str) -> Caller:
        """Who the request's token speaks for. Raises 401."""
        authorization = dict(scope["headers"]).get(b"authorization", b"").decode("latin1")
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise ArmError(401, "UserError", "The 'Authorization' header with a token is missing.")
        try:
            return verify(self.azure.identity, self.azure.clock, token, AUDIENCES[service])
        except TokenError as error:
            refusal = ArmError(401, error.code, error.message)
            refusal.headers["www-authenticate"] = error.challenge(self.azure.identity, service)
            raise refusal from None


async def answer(send: Send, error: ArmError) -> None:
    body = json.dumps(error.body()).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body))}
    encoded = [
        (key.encode(), value.encode()) for key, value in {**headers, **error.headers}.items()
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})


def _host(scope: Scope) -> str:
    for key, value in scope["headers"]:
        if key == b"host":
            return str(value.decode("latin1").split(":")[0])
    return ""


def application(azure: Azure) -> Hosts:
    return Hosts(azure)

"""The way of an ARM request, as one readable list.

Parse → who is it → switched-on faults → one of the special routes, or: which resource type, which
API version, may the caller, is it locked → GET, PUT, PATCH, DELETE, POST.
"""

from __future__ import annotations

import inspect
import re
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from sandbox import bodies, schemas
from sandbox.arm import deletes, reads, writes
from sandbox.arm.answers import Response, poll_headers
from sandbox.arm.errors import ArmError
from sandbox.arm.ids import GROUP, ResourceId
from sandbox.arm.request import Request, from_scope
from sandbox.arm.resource import Resource
from sandbox.arm.routes import ROUTES, Route
from sandbox.arm.types import ResourceType
from sandbox.login.tokens import ARM, AUDIENCES, TokenError, verify

if TYPE_CHECKING:
    from sandbox.azure import Azure

METADATA = "/metadata/endpoints"
LARGEST_BODY = 4 << 20
"""Bytes, ARM's own limit."""
_TOO_LARGE = ArmError(
    413, "RequestContentTooLarge", "The request content size exceeds the maximum size of 4 MB."
)
_VERSION = re.compile(r"\d{4}-\d\d-\d\d(-\w+)?")
VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}


class Arm:
    """The ASGI application behind ``management.azure.com``."""

    def __init__(self, azure: Azure, routes: list[Route]) -> None:
        self.azure = azure
        self.routes = [*routes, *ROUTES]

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        try:
            response = await self.answer(scope, await bodies.read(receive, LARGEST_BODY))
        except bodies.TooLargeError:
            response = Response(413, _TOO_LARGE.body())
        body = response.encode()
        headers = {
            "content-length": str(len(body)),
            "date": formatdate(self.azure.clock.time(), usegmt=True),
            "x-ms-request-id": str(uuid.uuid4()),
            **({"content-type": "application/json; charset=utf-8"} if body else {}),
            **response.headers,
        }
        await send(
            {
                "type": "http.response.start",
                "status": response.status,
                "headers": [(key.encode(), value.encode()) for key, value in headers.items()],
            }
        )
        await send({"type": "http.response.body", "body": body})

    async def answer(self, scope: MutableMapping[str, Any], raw: bytes) -> Response:
        """The answer to one request; a refusal is an answer too."""
        try:
            request = from_scope(scope, raw)
            self.authenticate(request)
            await self.azure.faults.on_request(
                f"{request.method} {request.headers.get('host', '')}{request.path}"
            )
            request.parse_body()
            return await self.dispatch(request)
        except ArmError as error:
            return Response(error.status, error.body(), error.headers)

    def authenticate(self, request: Request) -> None:
        """Set the caller. Raises 401 in ARM's format, with the challenge clients react to."""
        if request.path.rstrip("/").lower() == METADATA:
            return
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            refusal = ArmError(
                401,
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.",
            )
            refusal.headers["www-authenticate"] = (
                f'Bearer authorization_uri="https://login.microsoftonline.com/'
                f'{self.azure.identity.tenant_id}", error="invalid_token"'
            )
            raise refusal
        try:
            request.caller = verify(self.azure.identity, self.azure.clock, token, AUDIENCES[ARM])
        except TokenError as error:
            refusal = ArmError(401, error.code, error.message)
            refusal.headers["www-authenticate"] = error.challenge(self.azure.identity, ARM)
            raise refusal from None

    async def dispatch(self, request: Request) -> Response:
        """Answer an authenticated request; the activity log keeps what is not a read.

        Raises `ArmError`.
        """
        try:
            response = await self.route(request)
        except ArmError as error:
            self.log(request, error.status, error.message)
            raise
        self.log(request, response.status)
        return response

    def log(self, request: Request, status: int, message: str = "") -> None:
        if request.at is None or request.action.endswith("/read"):
            return
        accepted = status == 202 or (request.method == "PUT" and status == 201)
        self.azure.activity.record(
            request.at,
            request.action,
            caller=request.principal,
            status="Failed" if status >= 400 else "Accepted" if accepted else "Succeeded",
            code=status,
            correlation=request.correlation,
            message=message,
        )

    async def route(self, request: Request) -> Response:
        check_version_given(request)
        self.check_subscription(request)
        for route in self.routes:
            match = route.match(request)
            if match:
                answer = route.handler(self.azure, request, match)
                return await answer if inspect.isawaitable(answer) else answer
        kind, at, rest = self.locate(request)
        self.check_version(request, kind)
        if request.method == "POST":
            return await self.act(request, kind, at, rest)
        if rest:
            return self.list(request, kind, at)
        if request.method not in VERBS:
            raise ArmError(405, "MethodNotAllowed", f"{request.method} is not allowed here.")
        self.authorize(request, at, f"{kind.name}/{VERBS[request.method]}")
        if request.method in ("GET", "HEAD"):
            return reads.get(self.azure, request, kind, at)
        deletes.check_locks(self.azure, request.method, at)
        if request.method == "PUT":
            self.azure.registrations.need(at)
            return await writes.put(self.azure, request, kind, at)
        if request.method == "PATCH":
            return await writes.patch(self.azure, request, kind, at)
        return await deletes.delete(self.azure, request, kind, at)

    def authorize(self, request: Request, at: ResourceId, action: str) -> None:
        """Raises 403 unless the caller may do this there."""
        request.at, request.action = at, action
        self.azure.authorization.check(request.principal, at, action)

    def locate(self, request: Request) -> tuple[ResourceType, ResourceId, str]:
        """The type; the resource's id, or a listing's parent; the action or listing's last word."""
        path = request.path.rstrip("/")
        segments = path.strip("/").split("/")
        lowered = [segment.lower() for segment in segments]
        if lowered[-1] == "resourcegroups" and len(segments) == 3:
            return self.azure.types.need(GROUP), ResourceId.parse("/".join(segments[:2])), "list"
        providers = (
            len(lowered) - 1 - lowered[::-1].index("providers")
            if ("providers" in lowered)
            else None
        )
        extra = len(segments) - 1 - providers if providers is not None else len(segments)
        if extra % 2 == (1 if providers is not None else 0):
            at = _plain_names(ResourceId.parse(path))
            return self.azure.types.need(at.type), at, ""
        head, last = "/".join(segments[:-1]), segments[-1]
        if request.method == "POST":
            at = _plain_names(ResourceId.parse(head))
            return self.azure.types.need(at.type), at, last
        if providers is not None and extra == 2:
            parent = ResourceId.parse("/".join(segments[:providers]))
            return self.azure.types.need(f"{segments[-2]}/{last}"), parent, "list"
        parent = _plain_names(ResourceId.parse(head))
        return self.azure.types.need(f"{parent.type}/{last}"), parent, "list"

    def check_subscription(self, request: Request) -> None:
        """Raises 404 for a subscription that the sandbox has not, whatever is asked of it."""
        first, _, rest = request.path.strip("/").partition("/")
        named = rest.partition("/")[0] if first.lower() == "subscriptions" else ""
        if named and self.azure.subscriptions.name(named) is None:
            raise ArmError(
                404, "SubscriptionNotFound", f"The subscription '{named}' could not be found."
            )

    def check_version(self, request: Request, kind: ResourceType) -> None:
        """Raises 400 for an API version that the type has not."""
        known = schemas.versions(kind.name)
        if known and request.api_version not in known:
            namespace, _, type_name = kind.name.partition("/")
            supported = ", ".join(sorted(known, reverse=True))
            raise ArmError(
                400,
                "NoRegisteredProviderFound",
                f"No registered resource provider found for API version '{request.api_version}' "
                f"for type '{type_name}' in namespace '{namespace}'. The supported api-versions "
                f"are '{supported}'.",
            )

    def list(self, request: Request, kind: ResourceType, parent: ResourceId) -> Response:
        if request.method != "GET":
            raise ArmError(
                405, "MethodNotAllowed", f"{request.method} is not allowed on a collection."
            )
        self.authorize(request, parent, f"{kind.name}/read")
        return reads.collection(self.azure, request, kind, parent)

    async def act(
        self, request: Request, kind: ResourceType, at: ResourceId, name: str
    ) -> Response:
        """POST an action of a resource."""
        spelled = {known.lower(): known for known in kind.actions}.get(name.lower())
        if spelled is None:
            raise ArmError(
                404, "InvalidAction", f"'{kind.name}' has no action '{name}' in this sandbox."
            )
        self.authorize(request, at, f"{kind.name}/{spelled}/action")
        deletes.check_locks(self.azure, "POST", at)
        action = kind.actions[spelled]
        resource = self.azure.resources.get(at)
        if resource is None:
            writes.need_parent(self.azure, at)
            resource = Resource(at, {}) if action.unstored else self.azure.resources.need(at)
        writes.check_action(kind, spelled, request)
        body = None
        if action.handler:
            body = action.handler(self.azure, resource, request)
            if inspect.isawaitable(body):
                body = await body
        if not action.long:
            return Response(action.status, body)
        operation = self.azure.operations.record(resource.id, "action", 0, action=spelled)
        self.azure.operations.launch(operation)
        kinds = ("azure-asyncoperation", "location") if action.azure_async else ("location",)
        return Response(202, body, poll_headers(request, operation, *kinds))


def check_version_given(request: Request) -> None:
    """Raises 400 for a request that names no API version, or what is none."""
    if request.path.rstrip("/").lower() == METADATA:
        return
    if not request.api_version:
        raise ArmError(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    if not _VERSION.fullmatch(request.api_version):
        raise ArmError(
            400,
            "InvalidApiVersionParameter",
            f"The api-version '{request.api_version}' is invalid: it must be a date such as "
            "'2025-04-01', with a suffix such as '-preview' at most.",
        )


def _plain_names(at: ResourceId) -> ResourceId:
    """azure-ai-ml sends ``azureml:NAME`` where a label was asked for; the name is what counts."""
    names = tuple(name.removeprefix("azureml:") for name in at.names)
    return ResourceId(at.scope, at.type, names)


def application(azure: Azure, routes: list[Route]) -> Arm:
    return Arm(azure, routes)

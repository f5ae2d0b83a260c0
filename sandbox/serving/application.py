"""The router in front of the online endpoints: ``https://{endpoint}.{region}.inference.ml.azure.com``.

Who is it → which deployment (by header, else by traffic) → is there room → one of its instances.
Status codes are those of managed online endpoints ("HTTP status codes" in Microsoft's page on
troubleshooting online endpoints): 401, 404 without traffic, 408 after the request timeout, 424
when the model answers anything but 200, 429 with too many pending requests; and 503 while no
server process of the deployment runs.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from typing import TYPE_CHECKING

from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource
from sandbox.serving import backend, keys, release
from sandbox.serving.calls import (
    DEPLOYMENT_HEADER,
    Call,
    Receive,
    RefusalError,
    Scope,
    Send,
    body_of,
    refuse,
    returned,
)
from sandbox.serving.choice import ENDPOINTS, choose, host_of
from sandbox.serving.metrics import RequestLog, Row

if TYPE_CHECKING:
    from sandbox.azure import Azure

DEFAULT_TIMEOUT = 5.0


class Router:
    """The ASGI application. `chance` decides between deployments; tests give a seeded one."""

    def __init__(self, azure: Azure, chance: random.Random | None = None) -> None:
        self.azure = azure
        self.chance = chance or random.SystemRandom()
        self.requests = RequestLog(azure)
        self.pending: Counter[str] = Counter()
        self._ids: dict[str, ResourceId] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = Call.of(scope)
        try:
            endpoint = self.endpoint(call.header(b"host"))
            self.authorize(endpoint, call)
            call.body = await body_of(receive)
            deployment = self.deployment(endpoint, call)
            self.mirror(endpoint, deployment, call)
            await self.forward(endpoint, deployment, call, send)
        except RefusalError as refusal:
            await refuse(send, call, refusal)

    def endpoint(self, host: str) -> Resource:
        """The endpoint that has this host name. Raises RefusalError 404."""
        host = host.split(":")[0].lower()
        known = self._ids.get(host)
        found = self.azure.resources.get(known) if known else None
        if found is None:
            for candidate in self.azure.resources.list(ENDPOINTS):
                if host_of(candidate) == host:
                    found = candidate
                    self._ids[host] = candidate.id
        if found is None or host_of(found) != host:
            raise RefusalError(404, f"There is no online endpoint behind '{host}'.")
        return found

    def authorize(self, endpoint: Resource, call: Call) -> None:
        try:
            keys.check(self.azure, endpoint, call.header(b"authorization"))
        except keys.UnauthorizedError as error:
            raise RefusalError(401, str(error)) from None

    def deployment(self, endpoint: Resource, call: Call) -> Resource:
        """The deployment the client names, else one by traffic. Raises RefusalError 404."""
        named = call.header(DEPLOYMENT_HEADER)
        name = named or choose(endpoint.properties.get("traffic") or {}, self.chance.random())
        if not name:
            raise RefusalError(
                404,
                f"The endpoint '{endpoint.name}' has no valid deployment with positive weight. "
                "Give one traffic, or name one in the header 'azureml-model-deployment'.",
            )
        found = self.azure.resources.get(endpoint.id.child("deployments", name))
        if found is None:
            raise RefusalError(404, f"The endpoint '{endpoint.name}' has no deployment '{name}'.")
        return found

    def mirror(self, endpoint: Resource, served: Resource, call: Call) -> None:
        """Send a copy to the mirroring deployment; nobody waits for its answer."""
        for name, share in (endpoint.properties.get("mirrorTraffic") or {}).items():
            if name == served.name or self.chance.random() * 100 >= share:
                continue
            copy = self.azure.resources.get(endpoint.id.child("deployments", name))
            if copy:
                self.azure.spawn(self.shadow(endpoint, copy, call))

    async def shadow(self, endpoint: Resource, deployment: Resource, call: Call) -> None:
        status = 0
        try:
            async with asyncio.timeout(timeout_of(deployment)):
                reply = await self.send(deployment, call)
                try:
                    status = reply.status
                    async for _ in reply.chunks():
                        pass
                finally:
                    reply.close()
        except (RefusalError, backend.BackendError, TimeoutError):
            pass
        self.record(endpoint, deployment, call, status, status, mirrored=True)

    async def forward(
        self, endpoint: Resource, deployment: Resource, call: Call, send: Send
    ) -> None:
        """Pass the request on and the answer back, piece by piece."""
        self.pending[deployment.id.key] += 1
        status = model_status = 0
        head_sent = False
        try:
            self.admit(deployment)
            async with asyncio.timeout(timeout_of(deployment)):
                reply = await self.send(deployment, call)
                try:
                    model_status = reply.status
                    status = 200 if model_status == 200 else 424
                    headers = returned(call, deployment.name, reply)
                    await send(
                        {"type": "http.response.start", "status": status, "headers": headers}
                    )
                    head_sent = True
                    async for chunk in reply.chunks():
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
                finally:
                    reply.close()
            await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            status = 408
            if head_sent:
                raise
            limit = timeout_of(deployment)
            raise RefusalError(
                408, f"The model took longer than the request timeout of {limit:g} s."
            ) from None
        except backend.BackendError as error:
            status = 424
            if head_sent:
                raise
            raise RefusalError(424, f"Model error: {error}.", "model_error") from None
        except RefusalError as refusal:
            status = refusal.status
            raise
        finally:
            self.pending[deployment.id.key] -= 1
            self.record(endpoint, deployment, call, status, model_status)

    def admit(self, deployment: Resource) -> None:
        """Raises RefusalError 429 when twice of what the instances take at once is under way."""
        settings = deployment.properties.get("requestSettings") or {}
        at_once = int(settings.get("maxConcurrentRequestsPerInstance") or 1)
        room = 2 * at_once * release.instances(deployment)
        if self.pending[deployment.id.key] > room:
            raise RefusalError(
                429, f"Too many pending requests: more than {room}.", "too_many_pending_request"
            )

    async def send(self, deployment: Resource, call: Call) -> backend.Reply:
        """Ask one instance, the next one when nothing listens. Raises RefusalError 503."""
        sockets = release.sockets(self.azure, deployment)
        self.chance.shuffle(sockets)
        for socket in sockets:
            try:
                return await backend.send(
                    socket, call.method, call.target, call.forwarded(), call.body
                )
            except backend.NotReachedError:
                continue
        raise RefusalError(
            503,
            f"No server process of the deployment '{deployment.name}' is ready. Look at its log: "
            "az ml online-deployment get-logs.",
        )

    def record(
        self,
        endpoint: Resource,
        deployment: Resource,
        call: Call,
        status: int,
        model_status: int,
        *,
        mirrored: bool = False,
    ) -> None:
        self.requests.add(
            Row(
                self.azure.clock.time(),
                endpoint.id.key,
                deployment.name,
                status,
                model_status,
                time.perf_counter() - call.started,
                call.request_id,
                mirrored,
            )
        )


def timeout_of(deployment: Resource) -> float:
    settings = deployment.properties.get("requestSettings") or {}
    return release.seconds(settings.get("requestTimeout"), DEFAULT_TIMEOUT)


def application(azure: Azure) -> Router:
    return Router(azure)

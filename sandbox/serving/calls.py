"""A scoring request on its way, and what the router says to one itself.

Status codes are those of managed online endpoints ("HTTP status codes" in Microsoft's page on
troubleshooting online endpoints).
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from sandbox import bodies
from sandbox.serving.backend import Reply

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

DEPLOYMENT_HEADER = b"azureml-model-deployment"
CLIENT_REQUEST_ID = b"x-ms-client-request-id"
MODEL_STATUS = b"ms-azureml-model-error-statuscode"
MODEL_REASON = b"ms-azureml-model-error-reason"

MAX_REQUEST_BYTES = 1_572_864
"""1.5 MB, the limit of managed online endpoints."""

# Of one connection, or ours to say.
_NOT_FORWARDED = {b"host", b"authorization", b"connection", b"keep-alive", b"transfer-encoding",
                  b"content-length", b"upgrade", b"te", b"expect", DEPLOYMENT_HEADER}  # fmt: skip
_NOT_RETURNED = {b"connection", b"keep-alive", b"transfer-encoding", b"server", b"date"}


class RefusalError(Exception):
    """An answer that the router gives itself."""

    def __init__(self, status: int, text: str, reason: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.reason = reason


@dataclass
class Call:
    """One request on its way."""

    method: str
    target: str
    headers: list[tuple[bytes, bytes]]
    request_id: str
    body: bytes = b""
    started: float = field(default_factory=time.perf_counter)

    @classmethod
    def of(cls, scope: Scope) -> Call:
        headers = [(bytes(key), bytes(value)) for key, value in scope["headers"]]
        target = scope.get("raw_path", scope["path"].encode()).decode("latin1").split("?")[0]
        if scope["query_string"]:
            target += f"?{scope['query_string'].decode('latin1')}"
        return cls(scope["method"], target, headers, str(uuid.uuid4()))

    def header(self, name: bytes) -> str:
        for key, value in self.headers:
            if key == name:
                return value.decode("latin1")
        return ""

    def forwarded(self) -> list[tuple[bytes, bytes]]:
        kept = [(key, value) for key, value in self.headers if key not in _NOT_FORWARDED]
        if not self.header(b"x-request-id"):
            kept.append((b"x-request-id", self.request_id.encode()))
        return kept


async def body_of(receive: Receive) -> bytes:
    """The request's body. Raises RefusalError 413 past the service's limit."""
    try:
        return await bodies.read(receive, MAX_REQUEST_BYTES)
    except bodies.TooLargeError:
        text = f"The request is larger than {MAX_REQUEST_BYTES} bytes."
        raise RefusalError(413, text) from None


def returned(call: Call, deployment: str, reply: Reply) -> list[tuple[bytes, bytes]]:
    headers = [(key, value) for key, value in reply.headers if key not in _NOT_RETURNED]
    names = {key for key, _ in headers}
    if CLIENT_REQUEST_ID not in names:
        headers.append((CLIENT_REQUEST_ID, _client_request_id(call)))
    headers.append((DEPLOYMENT_HEADER, deployment.encode()))
    if reply.status != 200:
        headers.append((MODEL_STATUS, str(reply.status).encode()))
        headers.append((MODEL_REASON, b"model_error"))
    return headers


def _client_request_id(call: Call) -> bytes:
    return (call.header(CLIENT_REQUEST_ID) or call.request_id).encode("latin1")


async def refuse(send: Send, call: Call, refusal: RefusalError) -> None:
    """Authentication is refused in plain words, all else as JSON, as the service does."""
    plain = refusal.status == 401
    error = {"error": {"code": str(refusal.status), "message": refusal.text}}
    body = refusal.text.encode() if plain else json.dumps(error).encode()
    headers: Iterable[tuple[bytes, bytes]] = [
        (b"content-type", b"text/plain" if plain else b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-request-id", call.request_id.encode()),
        (CLIENT_REQUEST_ID, _client_request_id(call)),
        *([(MODEL_REASON, refusal.reason.encode())] if refusal.reason else []),
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})

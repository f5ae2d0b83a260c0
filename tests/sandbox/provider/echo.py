"""ARM as a script: answers what a test foresees, throws on anything else."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from sandbox.provider.connection import Connection, connect

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
TENANT = "66666666-7777-8888-9999-000000000000"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
Answer = Callable[[httpx.Request], httpx.Response]


def token_answer(request: httpx.Request) -> httpx.Response:
    claims = base64.urlsafe_b64encode(json.dumps({"oid": "object", "tid": TENANT}).encode())
    token = f"e30.{claims.decode().rstrip('=')}.x"
    return httpx.Response(200, json={"access_token": token, "expires_in": 3600})


@dataclass
class Script:
    """Answers in the order in which a test foresees the requests, and keeps what was asked."""

    answers: list[tuple[str, str, httpx.Response | Answer]] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)

    def expect(
        self,
        method: str,
        path: str,
        answer: int | httpx.Response | Answer,
        body: Any = None,
        **h: str,
    ) -> None:
        if isinstance(answer, int):
            headers = {name.replace("_", "-"): value for name, value in h.items()}
            answer = httpx.Response(answer, json=body, headers=headers)
        self.answers.append((method, path, answer))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "login.microsoftonline.com":
            return token_answer(request)
        assert self.answers, f"unforeseen: {request.method} {request.url}"
        method, path, answer = self.answers.pop(0)
        assert (request.method, request.url.path) == (method, path)
        self.requests.append(request)
        return answer if isinstance(answer, httpx.Response) else answer(request)

    def body(self, index: int) -> Any:
        return json.loads(self.requests[index].content)

    def connection(self, **config: str) -> Connection:
        given = {
            "subscriptionId": SUBSCRIPTION,
            "tenantId": TENANT,
            "clientId": "client",
            "clientSecret": "secret",
        }
        return connect(given | config, transport=httpx.MockTransport(self))


@dataclass
class Echo:
    """A service that keeps what it is sent, as ARM does, and fills in what `fill` says."""

    fill: Callable[[dict[str, Any]], dict[str, Any]] = lambda body: body
    stored: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "login.microsoftonline.com":
            return token_answer(request)
        key = request.url.path.lower()
        if request.method == "PUT":
            body = self.fill(json.loads(request.content))
            name = request.url.path.rpartition("/")[2]
            self.stored[key] = body | {"id": request.url.path, "name": name, "type": "T"}
            return httpx.Response(200, json=self.stored[key])
        if request.method == "GET" and key in self.stored:
            return httpx.Response(200, json=self.stored[key])
        if request.method == "DELETE" and key in self.stored:
            del self.stored[key]
            return httpx.Response(200)
        assert request.method in ("GET", "DELETE"), f"unforeseen: {request.method} {request.url}"
        return httpx.Response(404, json={"error": {"code": "NotFound", "message": "none"}})


@pytest.fixture
def script() -> Script:
    return Script()

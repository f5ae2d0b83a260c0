"""What GitHub and Azure DevOps do for a run: tokens that say who it is, comments below a request.

The tokens are signed by a sandbox, whose login takes them in the place of a secret.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

BEARER = "the-token-of-this-run"
CONNECTION = "3f0c7a55-6d0f-4d0a-8a4f-0f6f5f8c1c11"
AUDIENCE = "api://AzureADTokenExchange"
GITHUB_COMMENTS = re.compile(r"/api/repos/team/fork/issues/(?P<number>\d+)/comments")
GITHUB_COMMENT = re.compile(r"/api/repos/team/fork/issues/comments/(?P<id>\d+)")
_PULL = r"/team/fork/_apis/git/repositories/fork/pullRequests/(?P<number>\d+)/threads"
THREADS = re.compile(_PULL)
THREAD = re.compile(_PULL + r"/(?P<id>\d+)/comments/1")


class Services:
    """Answers on loopback. `comments`: their texts by number of the pull request, in order."""

    def __init__(self, sign: Callable[[], str]) -> None:
        self.sign = sign
        self.asked = 0
        self.comments: dict[str, dict[int, str]] = {}
        services = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                size = int(self.headers.get("content-length") or 0)
                body = json.loads(self.rfile.read(size) or b"null")
                allowed = self.headers.get("authorization") == f"Bearer {BEARER}"
                status, data = services.answer(self.command, self.path, body, allowed)
                text = json.dumps(data).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PATCH = answer  # noqa: N815 - http.server's names

            def log_message(self, *_: Any) -> None:
                """Nothing: a test says what it wants."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, method: str, path: str, body: Any, allowed: bool) -> tuple[int, Any]:
        if not allowed:
            return 401, {"message": "Bad credentials"}
        url = urlparse(path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if (method, url.path) == ("GET", "/github/token") and query["audience"] == AUDIENCE:
            self.asked += 1
            return 200, {"value": self.sign()}
        if (method, url.path) == ("POST", "/oidc"):
            if query == {"api-version": "7.1", "serviceConnectionId": CONNECTION}:
                self.asked += 1
                return 200, {"oidcToken": self.sign()}
            return 400, {"message": f"{query}"}
        for pattern, comment in (
            (GITHUB_COMMENTS, self._github),
            (GITHUB_COMMENT, self._github),
            (THREADS, self._threads),
            (THREAD, self._threads),
        ):
            found = pattern.fullmatch(url.path)
            if found:
                return comment(method, found, body)
        return 404, {"message": f"{method} {path} is nothing here"}

    def _github(self, method: str, found: re.Match[str], body: Any) -> tuple[int, Any]:
        parts = found.groupdict()
        if method == "PATCH":
            return 200, self._replace(int(parts["id"]), body["body"])
        written = self.comments.setdefault(parts["number"], {})
        if method == "POST":
            return 201, self._add(written, body["body"])
        return 200, [{"id": key, "body": text} for key, text in written.items()]

    def _threads(self, method: str, found: re.Match[str], body: Any) -> tuple[int, Any]:
        parts = found.groupdict()
        if method == "PATCH":
            return 200, self._replace(int(parts["id"]), body["content"])
        written = self.comments.setdefault(parts["number"], {})
        if method == "POST":
            (comment,) = body["comments"]
            return 200, self._add(written, comment["content"])
        threads = [
            {"id": key, "comments": [{"id": 1, "content": text}]} for key, text in written.items()
        ]
        # What the service writes itself has no comments of people.
        return 200, {"value": [{"id": 1, "comments": []}, *threads]}

    def _add(self, written: dict[int, str], text: str) -> dict[str, int]:
        number = 100 + sum(len(item) for item in self.comments.values())
        written[number] = text
        return {"id": number}

    def _replace(self, number: int, text: str) -> dict[str, int]:
        (written,) = [item for item in self.comments.values() if number in item]
        written[number] = text
        return {"id": number}

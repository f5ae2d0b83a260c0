"""One ARM request, parsed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from sandbox.arm.errors import ArmError
from sandbox.arm.ids import ResourceId
from sandbox.login.tokens import Caller


@dataclass
class Request:
    """`query` and `headers` have lower-case keys; `body` is the parsed JSON, None without one.

    `at` and `action` say what is done to which resource, once that is known.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    raw: bytes = b""
    body: Any = None
    caller: Caller | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    at: ResourceId | None = None
    action: str = ""

    @property
    def api_version(self) -> str:
        return self.query.get("api-version", "")

    @property
    def principal(self) -> str:
        return self.caller.principal_id if self.caller else ""

    @property
    def correlation(self) -> str:
        """What the client gave to find its request again, else the request's own."""
        given = self.headers.get("x-ms-correlation-request-id")
        return given or self.headers.get("x-ms-client-request-id", "")

    @property
    def base(self) -> str:
        """Scheme and host the client used; polling addresses start with it."""
        return f"https://{self.headers.get('host', 'management.azure.com')}"

    def parse_body(self) -> None:
        """Parse the JSON body. Raises 415 on another content type, 400 on malformed JSON."""
        if not self.raw:
            return
        content_type = self.headers.get("content-type", "application/json").split(";")[0].strip()
        if content_type not in ("application/json", "text/json", "application/merge-patch+json"):
            raise ArmError(
                415,
                "UnsupportedMediaType",
                f"The content media type '{content_type}' is not supported. "
                "Only 'application/json' is supported.",
            )
        try:
            self.body = json.loads(self.raw)
        except (ValueError, RecursionError) as error:
            raise ArmError(
                400,
                "InvalidRequestContent",
                f"The request content was invalid and could not be deserialized: '{error}'.",
            ) from None


def from_scope(scope: Mapping[str, Any], raw: bytes) -> Request:
    """Build a request out of an ASGI scope. Raises 400 where the path tries to climb."""
    path = unquote(
        scope.get("raw_path", scope["path"].encode()).decode("ascii", "replace").split("?")[0]
    )
    path = re.sub("/{2,}", "/", path)  # ARM takes `NAMESPACE//TYPE`, as `az resource` writes it.
    if any(part in ("..", ".") for part in path.split("/")):
        raise ArmError(400, "InvalidRequestUri", f"The path '{path}' must not contain '..'.")
    headers = {key.decode("latin1"): value.decode("latin1") for key, value in scope["headers"]}
    pairs = parse_qsl(scope["query_string"].decode("latin1"), keep_blank_values=True)
    query = {key.lower(): value for key, value in pairs}
    return Request(scope["method"], path, query, headers, raw, caller=scope.get("caller"))

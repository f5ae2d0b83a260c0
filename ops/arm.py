"""Azure Resource Manager's plain requests, where no client of the SDK asks just that.

Through the pipeline of the official client: its login, its retries, its errors.
"""

from __future__ import annotations

import base64
import json
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ops.federation import credential

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.core.rest import HttpResponse
    from azure.mgmt.resource.resources import ResourceManagementClient

ENDPOINT = "https://management.azure.com"
RETRIES = 3


class Arm:
    """A caller of one subscription. Safe to use from several threads."""

    def __init__(self, subscription: str, login: TokenCredential | None = None) -> None:
        self.subscription = subscription
        self.credential = login or credential()

    @cached_property
    def _client(self) -> ResourceManagementClient:
        from azure.mgmt.resource.resources import ResourceManagementClient

        return ResourceManagementClient(self.credential, self.subscription, retry_total=RETRIES)

    @property
    def root(self) -> str:
        return f"/subscriptions/{self.subscription}"

    def claims(self) -> dict[str, Any]:
        """What the token for ARM says of who is logged in. Raises azure-core's errors."""
        payload = self.credential.get_token(f"{ENDPOINT}/.default").token.split(".")[1]
        padded = payload + "=" * (-len(payload) % 4)
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(padded))
        return claims

    def get(self, path: str, version: str, **query: str) -> dict[str, Any] | None:
        """The answer, None for a 404. Raises `HttpResponseError`."""
        answer = self._send("GET", path, version, query=query)
        return None if answer.status_code == 404 else _checked(answer)

    def need(self, path: str, version: str, **query: str) -> dict[str, Any]:
        """The answer; a 404 is an error too."""
        return _checked(self._send("GET", path, version, query=query))

    def list(self, path: str, version: str, **query: str) -> list[dict[str, Any]]:
        """Every page of a listing."""
        page = self.need(path, version, **query)
        found: list[dict[str, Any]] = list(page["value"])
        while page.get("nextLink"):
            page = _checked(self._request("GET", page["nextLink"]))
            found += page["value"]
        return found

    def post(self, path: str, version: str, body: dict[str, Any]) -> dict[str, Any]:
        return _checked(self._send("POST", path, version, body))

    def put(self, path: str, version: str, body: dict[str, Any]) -> dict[str, Any]:
        """A PUT that is done when it is answered."""
        return _checked(self._send("PUT", path, version, body))

    def create(self, path: str, version: str, body: dict[str, Any]) -> None:
        """Create or update a resource, and wait until it is there."""
        self._client.resources.begin_create_or_update_by_id(
            path, body, api_version=version
        ).result()

    def date(self) -> str | None:
        """The time that an answer of ARM carries, as HTTP writes it."""
        found: str | None = self._send("GET", self.root, "2022-12-01").headers.get("date")
        return found

    def _send(
        self,
        method: str,
        path: str,
        version: str,
        body: dict[str, Any] | None = None,
        query: dict[str, str] | None = None,
    ) -> HttpResponse:
        address = f"{ENDPOINT}{path}?{urlencode({'api-version': version, **(query or {})})}"
        return self._request(method, address, body)

    def _request(
        self, method: str, address: str, body: dict[str, Any] | None = None
    ) -> HttpResponse:
        from azure.core.rest import HttpRequest

        return self._client.send_request(HttpRequest(method, address, json=body))


def _checked(answer: HttpResponse) -> dict[str, Any]:
    from azure.core.exceptions import HttpResponseError
    from azure.mgmt.core.exceptions import ARMErrorFormat

    if answer.status_code >= 400:
        raise HttpResponseError(response=answer, error_format=ARMErrorFormat)
    found: dict[str, Any] = answer.json() if answer.content else {}
    return found

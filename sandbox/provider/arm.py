"""ARM over HTTP: retries, long-running operations, cancellation, errors that say what to do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sandbox.provider.credentials import ARM, Credentials

if TYPE_CHECKING:
    import httpx

RETRIED = frozenset({408, 429, 500, 502, 503, 504})
BUSY = "AnotherOperationInProgress"
"""A conflict that passes: the other operation may be our own, begun by a request whose answer was
lost."""
ATTEMPTS = 7
FIRST_PAUSE = 0.25  # seconds; doubled after every attempt
LONGEST_PAUSE = 8.0
FIRST_POLL = 0.05  # seconds; an operation that says nothing of when to come back
LONGEST_POLL = 5.0
DONE = frozenset({"", "succeeded", "failed", "canceled", "ready"})
ADVICE = Path(__file__).with_name("advice.yaml")

Progress = Callable[[str], None]


class ArmFailure(Exception):  # noqa: N818 an answer of ARM, not a fault of ours
    """ARM refused a request or an operation failed.

    `accepted` tells that ARM had taken the request before: the resource may exist.
    """

    def __init__(self, status: int, code: str, message: str, *, accepted: bool = False) -> None:
        super().__init__(f"{code}: {message}{_advice(code)}")
        self.status = status
        self.code = code
        self.accepted = accepted


class CancelledError(ArmFailure):
    """The user gave up waiting; the operation goes on in Azure."""

    def __init__(self, *, accepted: bool) -> None:
        super().__init__(0, "Cancelled", "the wait was cancelled", accepted=accepted)


@cache
def _advices() -> dict[str, str]:
    import yaml

    found: dict[str, str] = yaml.safe_load(ADVICE.read_text())
    return found


def _advice(code: str) -> str:
    advice = _advices().get(code)
    return f" ({advice})" if advice else ""


class Arm:
    """A client of Azure Resource Manager."""

    def __init__(self, http: httpx.Client, credentials: Credentials) -> None:
        self._http = http
        self._credentials = credentials
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """End every wait, now and from now on."""
        self._cancelled.set()

    def get(self, identifier: str, version: str) -> dict[str, Any] | None:
        """The resource, or None when there is none."""
        answer = self._send("GET", _address(identifier, version))
        if answer.status_code in (204, 404):
            return None
        return _body(self._checked(answer))

    def put(
        self,
        identifier: str,
        version: str,
        body: dict[str, Any],
        *,
        query: dict[str, str] | None = None,
        progress: Progress = lambda _: None,
    ) -> dict[str, Any]:
        """Create or update, and wait until it is done. Gives the last answer of ARM.

        Raises `ArmFailure`, `accepted` when the resource may be there in part.
        """
        answer = self._checked(
            self._send("PUT", _address(identifier, version, query or {}), json=body)
        )
        first = _body(answer)
        self._wait(answer, first, _address(identifier, version), progress)
        return first

    def delete(self, identifier: str, version: str, *, progress: Progress = lambda _: None) -> None:
        """Delete and wait until it is gone. What is not there counts as deleted."""
        answer = self._send("DELETE", _address(identifier, version))
        if answer.status_code == 404:
            return
        self._wait(self._checked(answer), {}, None, progress)

    def post(self, identifier: str, action: str, version: str, body: Any = None) -> dict[str, Any]:
        """An action on a resource."""
        address = _address(f"{identifier.rstrip('/')}/{action}", version)
        return _body(self._checked(self._send("POST", address, json=body)))

    def call(self, method: str, address: str, *, audience: str = ARM) -> httpx.Response:
        """A request to a full address (a vault's, say), as it is answered."""
        return self._send(method, address, audience=audience)

    def _wait(
        self, answer: httpx.Response, body: dict[str, Any], resource: str | None, progress: Progress
    ) -> None:
        """Follow a long-running operation to its end, whichever of ARM's ways it uses.

        `resource` is the address whose state tells when there is no address of an operation.
        """
        operation = answer.headers.get("azure-asyncoperation")
        address: str | None = operation
        if address is None and answer.status_code == 202:
            address = answer.headers.get("location")
        if address is None and _running(body):
            address = resource
        pause, said = FIRST_POLL, ""
        while address is not None:
            state = _state(body) or "Running"
            if state != said:
                progress(state)
                said = state
            if self._cancelled.wait(_retry_after(answer, pause)):
                raise CancelledError(accepted=True)
            pause = min(pause * 1.5, LONGEST_POLL)
            answer = self._send("GET", address, accepted=True)
            if resource is None and answer.status_code == 404:
                return  # a deletion whose operation went with the resource
            body = _body(self._checked(answer, accepted=True))
            if answer.status_code != 202 and not _running(body):
                break
        self._raise_if_failed(body)

    @staticmethod
    def _raise_if_failed(body: dict[str, Any]) -> None:
        state = _state(body)
        if state.lower() in ("failed", "canceled"):
            error = body.get("error") or {}
            raise ArmFailure(
                200,
                error.get("code") or f"Provisioning{state}",
                error.get("message") or f"the operation ended as {state}",
                accepted=True,
            )

    def _send(
        self,
        method: str,
        address: str,
        *,
        json: Any = None,
        audience: str = ARM,
        accepted: bool = False,
    ) -> httpx.Response:
        import httpx

        renew, pause = False, FIRST_PAUSE
        for attempt in range(1, ATTEMPTS + 1):
            last = attempt == ATTEMPTS
            try:
                token = self._credentials.token(audience, renew=renew)
                headers = {"authorization": f"Bearer {token}"}
                answer = self._http.request(method, address, json=json, headers=headers)
            except httpx.TransportError as error:
                if last or self._cancelled.wait(pause):
                    raise ArmFailure(
                        0,
                        "NoAnswer",
                        f"{method} {address.partition('?')[0]} got no answer: {error}",
                        accepted=accepted,
                    ) from None
            else:
                if answer.status_code == 401 and not renew:
                    renew = True
                    continue
                if last or not _passing(answer):
                    return answer
                if self._cancelled.wait(_retry_after(answer, pause)):
                    raise CancelledError(accepted=accepted)
            pause = min(pause * 2, LONGEST_PAUSE)
        raise AssertionError("unreachable")

    @staticmethod
    def _checked(answer: httpx.Response, *, accepted: bool = False) -> httpx.Response:
        if answer.is_success:
            return answer
        error = _error(answer)
        message = str(error.get("message") or answer.reason_phrase)
        details = [
            f"{detail.get('code')}: {detail.get('message')}"
            for detail in error.get("details") or []
            if isinstance(detail, dict) and detail.get("message") not in (None, message)
        ]
        raise ArmFailure(
            answer.status_code,
            str(error.get("code") or f"HTTP{answer.status_code}"),
            "; ".join([message, *details]),
            accepted=accepted,
        )


def _address(identifier: str, version: str, query: dict[str, str] | None = None) -> str:
    parameters = urlencode({"api-version": version, **(query or {})})
    return f"{ARM}/{identifier.lstrip('/')}?{parameters}"


def _body(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json() if answer.content else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _error(answer: httpx.Response) -> dict[str, Any]:
    body = _body(answer)
    error = body.get("error")
    return error if isinstance(error, dict) else body


def _passing(answer: httpx.Response) -> bool:
    """Whether the same request may be answered otherwise in a moment."""
    status = answer.status_code
    return status in RETRIED or (status == 409 and _error(answer).get("code") == BUSY)


def _state(body: dict[str, Any]) -> str:
    """The state of an operation (`status`), or that of a resource."""
    properties = body.get("properties")
    state = body.get("status")
    if state is None and isinstance(properties, dict):
        state = properties.get("provisioningState")
    return state if isinstance(state, str) else ""


def _running(body: dict[str, Any]) -> bool:
    return _state(body).lower() not in DONE


def _retry_after(answer: httpx.Response, otherwise: float) -> float:
    """Seconds until the next request, as the answer asks for them."""
    for name, unit in (("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001)):
        if name in answer.headers:
            return float(answer.headers[name]) * unit
    given = answer.headers.get("retry-after", "")
    return float(given) if given.isdigit() else otherwise

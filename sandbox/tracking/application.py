"""What answers a workspace's tracking address, ``/mlflow/v1.0{WS}`` and ``/mlflow/v2.0{WS}``.

Experiments, runs and logged models are MLflow's, the model registry and the artifacts are the
workspace's own. MLflow is told the workspace by a header which no client can set.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from sandbox import bodies
from sandbox.arm.errors import ArmError
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource
from sandbox.blob.rest import StorageError
from sandbox.ml.workspaces import WORKSPACES
from sandbox.tracking import addresses, artifacts, runs
from sandbox.tracking.registry import HANDLERS, Registry
from sandbox.tracking.runs import MlflowError

if TYPE_CHECKING:
    from sandbox.azure import Azure

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
LARGEST_BODY = 64 << 20  # bytes; MLflow's own batches end at 1 MB
RETRY_SECONDS = 2
RUNS_ACTION = f"{WORKSPACES}/experiments/runs"
MODELS_ACTION = f"{WORKSPACES}/models"

_PATH = re.compile(
    r"/mlflow/(?P<version>v[12]\.0)(?P<workspace>/subscriptions/[^/]+/resourcegroups/[^/]+/"
    r"providers/Microsoft\.MachineLearningServices/workspaces/[^/]+)/api/(?P<rest>.+)",
    re.IGNORECASE,
)
_ARTIFACTS = re.compile(r"2\.0/mlflow-artifacts/artifacts(?:/(?P<path>.*))?")
_REGISTRY = re.compile(
    r"2\.0/(?:preview/)?mlflow/(?P<call>(?:registered-models|model-versions)/[a-z-]+)"
)
_TRACKING = re.compile(r"[23]\.0/(?:preview/)?mlflow/(?P<call>.+)")
# What the azureml client calls under a name of its own; it waits for nothing then.
_RENAMED = {"2.0/preview/mlflow/runs/log-batch-async": "2.0/mlflow/runs/log-batch"}
_CLIENT = "azureml-mlflow"
_UNFORESEEN = {404: "ENDPOINT_NOT_FOUND", 405: "ENDPOINT_NOT_FOUND"}


class Tracking:
    """The tracking address of every workspace."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure

    async def respond(self, request: Request) -> Response:
        try:
            return await self.answer(request)
        except MlflowError as error:
            return _refusal(error)
        except ArmError as error:
            code = {403: "PERMISSION_DENIED", 404: "RESOURCE_DOES_NOT_EXIST"}
            return _refusal(
                MlflowError(
                    error.status, code.get(error.status, "INVALID_PARAMETER_VALUE"), error.message
                )
            )
        except StorageError as error:
            text = f"The workspace's storage refused: {error}"
            return _refusal(MlflowError(503, "TEMPORARILY_UNAVAILABLE", text))
        except httpx.TransportError as error:
            text = f"The workspace's tracking server broke off: {error!r}"
            return _refusal(MlflowError(503, "TEMPORARILY_UNAVAILABLE", text))

    async def answer(self, request: Request) -> Response:
        match = _PATH.fullmatch(request.url.path)
        if match is None:
            raise MlflowError(404, "ENDPOINT_NOT_FOUND", f"There is no '{request.url.path}' here.")
        workspace, rest = self.workspace(match["workspace"]), match["rest"]
        root = ""
        if _CLIENT in request.headers.get("user-agent", "") and match["version"] == "v2.0":
            # A plain client with the plugin installed sends the same header, but to v1.0.
            root = f"{request.headers.get('host', '')}/mlflow/v2.0{workspace.id}"
        if found := _ARTIFACTS.fullmatch(rest):
            self.authorize(request, workspace, RUNS_ACTION)
            return await artifacts.answer(
                self.azure, workspace, request, (found["path"] or "").strip("/")
            )
        if found := _REGISTRY.fullmatch(rest):
            self.authorize(request, workspace, MODELS_ACTION)
            return await self.registry(request, workspace, found["call"], root)
        if _TRACKING.fullmatch(rest) and ".." not in rest:
            self.authorize(request, workspace, RUNS_ACTION)
            return await self.forward(request, workspace, rest, root)
        raise MlflowError(404, "ENDPOINT_NOT_FOUND", f"There is no '/api/{rest}' here.")

    def workspace(self, path: str) -> Resource:
        """Raises MlflowError 404."""
        found = self.azure.resources.get(ResourceId.parse(path))
        if found is None or found.state == "Deleting":
            name = path.rsplit("/", 1)[1]
            raise MlflowError(404, "RESOURCE_DOES_NOT_EXIST", f"Workspace '{name}' was not found.")
        return found

    def authorize(self, request: Request, workspace: Resource, what: str) -> None:
        """Raises ArmError 403."""
        reads = request.method == "GET" or request.url.path.endswith("/search")
        principal = _principal(request)
        verb = "read" if reads else "write"
        self.azure.authorization.check(principal, workspace.id, f"{what}/{verb}")

    async def registry(
        self, request: Request, workspace: Resource, call: str, root: str
    ) -> Response:
        handler = HANDLERS.get((request.method, call))
        if handler is None:
            raise MlflowError(404, "ENDPOINT_NOT_FOUND", f"There is no {request.method} '{call}'.")
        found = handler(
            Registry(self.azure, workspace, _principal(request)), await _arguments(request)
        )
        if inspect.isawaitable(found):
            found = await found
        content = json.dumps(found).encode()
        if root:
            content = addresses.for_azureml(content, root)
        return Response(content, media_type="application/json")

    async def forward(
        self, request: Request, workspace: Resource, rest: str, root: str
    ) -> Response:
        """Ask MLflow's server; its answer streams back."""
        kept = {
            name: value
            for name, value in request.headers.items()
            if name in ("content-type", "accept", "content-encoding")
        }
        path = f"/api/{quote(_RENAMED.get(rest, rest), safe='/:')}"
        query = f"?{request.url.query}" if request.url.query else ""
        content = await _body(request)
        outgoing = runs.client(self.azure).build_request(
            request.method,
            f"{path}{query}",
            content=content,
            headers={
                **kept,
                runs.WORKSPACE_HEADER: workspace.private["workspace_id"],
                "accept-encoding": "identity",
            },
        )
        incoming = await runs.send(self.azure, outgoing)
        kind = incoming.headers.get("content-type", "")
        if incoming.is_error and kind.startswith("text/html"):
            # What no handler of MLflow's foresees: a page of the framework that it is made with.
            await incoming.aclose()
            if request.method != "GET" and incoming.status_code == 500:
                _object(content)
            text = f"The tracking server has no answer to {request.method} '/api/{rest}'"
            code = _UNFORESEEN.get(incoming.status_code, "INTERNAL_ERROR")
            raise MlflowError(incoming.status_code, code, f"{text}: {incoming.reason_phrase}.")
        if root:
            try:
                answer = addresses.for_azureml(await incoming.aread(), root)
            finally:
                await incoming.aclose()
            return Response(answer, incoming.status_code, media_type=kind)

        async def content_of() -> AsyncIterator[bytes]:
            try:
                async for chunk in incoming.aiter_raw():
                    yield chunk
            finally:
                await incoming.aclose()

        return StreamingResponse(content_of(), incoming.status_code, media_type=kind)


def _principal(request: Request) -> str:
    caller = request.scope.get("caller")
    return caller.principal_id if caller else ""


async def _body(request: Request) -> bytes:
    """The whole body: it is sent again where MLflow was on its way up."""
    try:
        return await bodies.read(request.receive, LARGEST_BODY)
    except bodies.TooLargeError:
        text = f"A body may have {LARGEST_BODY} bytes."
        raise MlflowError(413, "BAD_REQUEST", text) from None


async def _arguments(request: Request) -> dict[str, Any]:
    """A call's arguments, out of the query or the JSON body."""
    found: dict[str, Any] = {}
    for key, value in request.query_params.multi_items():
        if key in ("order_by", "stages"):
            found.setdefault(key, []).append(value)
        else:
            found[key] = value
    content = await _body(request)
    if content:
        found |= _object(content)
    return found


def _object(content: bytes) -> dict[str, Any]:
    """Raises MlflowError 400 for what is no JSON object."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as error:
        text = f"The body is not JSON: {error}"
        raise MlflowError(400, "MALFORMED_REQUEST", text) from None
    if not isinstance(body, dict):
        raise MlflowError(400, "MALFORMED_REQUEST", "The body must be a JSON object.")
    return body


def _refusal(error: MlflowError) -> Response:
    headers = {"retry-after": str(RETRY_SECONDS)} if error.status == 503 else {}
    body = {"error_code": error.code, "message": error.message}
    return JSONResponse(body, error.status, headers)

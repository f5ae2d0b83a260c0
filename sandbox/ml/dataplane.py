"""Azure ML's data plane, ``REGION.api.azureml.ms``: run history, artifacts, data, MLflow."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import refusals
from sandbox.arm.errors import ArmError
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource
from sandbox.blob.rest import StorageError
from sandbox.ml import artifacts, history, registry_assets
from sandbox.ml.locations import Location, resolve
from sandbox.ml.outputs import of_unnamed
from sandbox.ml.workspaces import WORKSPACES
from sandbox.tracking.application import METHODS, Tracking

if TYPE_CHECKING:
    from sandbox.azure import Azure

Answer = dict[str, Any]
Handler = Callable[["Call"], Any]

_WORKSPACE = (
    r"(?P<scope>/subscriptions/[^/]+/resourceGroups/[^/]+/providers/"
    r"Microsoft\.MachineLearningServices/workspaces/[^/]+)"
)
_RUN = rf"/history/v1\.0{_WORKSPACE}(/experiments(ids)?/(?P<experiment>[^/]+))?/runs/(?P<run>[^/]+)"
_SERVICES = (
    "api",
    "catalog",
    "experimentation",
    "history",
    "hyperdrive",
    "modelmanagement",
    "pipelines",
    "studioapi",
)


class Call:
    """One request to the data plane, with the workspace that it is for."""

    def __init__(
        self, azure: Azure, request: Request, match: re.Match[str], verb: str, body: Answer
    ) -> None:
        self.azure = azure
        self.query = request.query_params
        self.match = match.groupdict()
        self.body = body
        self.workspace = azure.resources.need(ResourceId.parse(match["scope"]))
        principal = request.scope["caller"].principal_id
        azure.authorization.check(principal, self.workspace.id, f"{WORKSPACES}/jobs/{verb}")

    @property
    def job(self) -> Resource:
        return history.job_of(self.azure, self.workspace, self.match["run"])

    @property
    def place(self) -> Location:
        experiment = self.match.get("experiment") or ""
        return artifacts.place_of(self.azure, self.workspace, experiment, self.match["run"])


def _data(call: Call) -> Answer:
    job = history.job_of(call.azure, call.workspace, str(call.body.get("runId")))
    return history.data(call.azure, job)


async def _details(call: Call) -> Answer:
    return await history.details(call.azure, call.job)


def _services(call: Call) -> Answer:
    """Interactive services (Jupyter, SSH) of a running job: the sandbox starts none."""
    assert call.job
    return {"instances": {}}


async def _artifacts(call: Call) -> Answer:
    return await artifacts.listing(
        call.azure, call.place, call.match["run"], call.query.get("path", "")
    )


def _content(call: Call) -> Any:
    path = call.query.get("path", "")
    return artifacts.content(call.azure, call.place, call.match["run"], path, artifacts.READ)


def _announce(call: Call) -> Answer:
    return artifacts.announce(call.azure, call.place, call.match["run"], call.body)


def _resolved_uris(call: Call) -> Answer:
    """Where data assets lie, by their ids; an id that means nothing is left out, as on Azure."""
    values = call.body.get("values") or []
    if not isinstance(values, list):
        raise ArmError(400, "UserError", "'values' must be a list of ids.")
    found = {}
    for asset_id in values:
        match = re.search(r"/data/(?P<name>[^/]+)/versions/(?P<version>[^/]+)", str(asset_id))
        uri = _uri(call, match["name"], match["version"]) if match else None
        if uri:
            found[str(asset_id)] = uri
    return {"values": found}


def _uri(call: Call, name: str, version: str) -> Answer | None:
    output = of_unnamed(name)
    if output:
        job, output_name = output
        address = f"azureml://jobs/{job}/outputs/{output_name}"
        place = resolve(call.azure, call.workspace, address)
        return {"uri": f"azureml://datastores/{place.store}/paths/{place.path}"}
    at = call.workspace.id.child("data", name).child("versions", version)
    asset = call.azure.resources.get(at)
    return {"uri": asset.properties["dataUri"]} if asset else None


# method, path, what it does to the workspace's jobs, who answers
_ROUTES: list[tuple[str, str, str, Handler]] = [
    ("GET", _RUN, "read", lambda call: history.run_body(call.azure, call.job)),
    ("PATCH", _RUN, "write", lambda call: history.modify(call.azure, call.job, call.body)),
    ("GET", rf"{_RUN}/details", "read", _details),
    ("GET", rf"{_RUN}/children", "read", lambda call: history.children(call.azure, call.job)),
    ("GET", rf"{_RUN}/serviceinstances/\d+", "read", _services),
    ("POST", rf"/history/v1\.0{_WORKSPACE}/rundata", "read", _data),
    ("GET", rf"{_RUN}/artifacts", "read", _artifacts),
    ("GET", rf"{_RUN}/artifacts/path", "read", _artifacts),
    ("GET", rf"{_RUN}/artifacts/contentinfo", "read", _content),
    ("POST", rf"{_RUN}/artifacts/batch/metadata", "write", _announce),
    (
        "POST",
        rf"/data/v1\.0{_WORKSPACE}/dataversion/batchGetResolvedUris",
        "read",
        _resolved_uris,
    ),
]


def application(azure: Azure) -> Starlette:
    """Its requests come with ``scope["caller"]`` set."""
    routes = [
        (method, re.compile(pattern, re.IGNORECASE), verb, handler)
        for method, pattern, verb, handler in _ROUTES
    ]

    async def discovery(request: Request) -> Response:
        address = f"https://{request.url.hostname}"
        return JSONResponse(dict.fromkeys(_SERVICES, address))

    async def registry(request: Request) -> Response:
        return JSONResponse(registry_assets.discovery(azure, request.path_params["name"]))

    async def dispatch(request: Request) -> Response:
        path = request.url.path.rstrip("/")
        for method, pattern, verb, handler in routes:
            match = pattern.fullmatch(path)
            if match and method == request.method:
                return await _answer(azure, request, match, verb, handler)
        raise ArmError(404, "NotFound", f"The sandbox has no '{request.method} {path}'.")

    methods = ["GET", "POST", "PATCH", "PUT", "DELETE"]
    return refusals.application(
        [
            Route("/discovery", discovery),
            Route("/registrymanagement/v1.0/registries/{name}/discovery", registry),
            Route("/mlflow/{path:path}", Tracking(azure).respond, methods=METHODS),
            Route("/{path:path}", dispatch, methods=methods),
        ]
    )


async def _answer(
    azure: Azure, request: Request, match: re.Match[str], verb: str, handler: Handler
) -> Response:
    try:
        call = Call(azure, request, match, verb, await _body(request))
        answer = handler(call)
        return JSONResponse(await answer if inspect.isawaitable(answer) else answer)
    except StorageError as error:
        text = f"The workspace's storage refused: {error}"
        raise ArmError(503, "ServiceUnavailable", text) from None


async def _body(request: Request) -> Answer:
    """The JSON object of the body, empty without one. Raises 400."""
    raw = await request.body()
    try:
        body = json.loads(raw) if raw else None
    except (ValueError, RecursionError) as error:
        raise ArmError(400, "UserError", f"The body is not valid JSON: {error}.") from None
    if not isinstance(body or {}, dict):
        raise ArmError(400, "UserError", "The body must be a JSON object.")
    return body or {}

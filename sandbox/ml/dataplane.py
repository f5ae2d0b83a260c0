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

from sandbox.arm.errors import ArmError
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource import Resource
from sandbox.ml import artifacts, history
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

    def __init__(self, azure: Azure, request: Request, match: re.Match[str], body: Any) -> None:
        self.azure = azure
        self.query = request.query_params
        self.match = match.groupdict()
        self.body = body or {}
        self.workspace = azure.resources.need(ResourceId.parse(match["scope"]))
        kind = f"{WORKSPACES}/jobs/" + ("read" if request.method == "GET" else "write")
        azure.authorization.check(request.scope["caller"].principal_id, self.workspace.id, kind)

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
    found = {}
    for asset_id in call.body.get("values") or []:
        match = re.search(r"/data/(?P<name>[^/]+)/versions/(?P<version>[^/]+)", str(asset_id))
        uri = _uri(call, match["name"], match["version"]) if match else None
        if uri:
            found[asset_id] = uri
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


_ROUTES: list[tuple[str, str, Handler]] = [
    ("GET", _RUN, lambda call: history.run_body(call.azure, call.job)),
    ("PATCH", _RUN, lambda call: history.modify(call.azure, call.job, call.body)),
    ("GET", rf"{_RUN}/details", _details),
    ("GET", rf"{_RUN}/children", lambda call: history.children(call.azure, call.job)),
    ("GET", rf"{_RUN}/serviceinstances/\d+", _services),
    ("POST", rf"/history/v1\.0{_WORKSPACE}/rundata", _data),
    ("GET", rf"{_RUN}/artifacts", _artifacts),
    ("GET", rf"{_RUN}/artifacts/path", _artifacts),
    ("GET", rf"{_RUN}/artifacts/contentinfo", _content),
    ("POST", rf"{_RUN}/artifacts/batch/metadata", _announce),
    ("POST", rf"/data/v1\.0{_WORKSPACE}/dataversion/batchGetResolvedUris", _resolved_uris),
]


def application(azure: Azure) -> Starlette:
    """Its requests come with ``scope["caller"]`` set."""
    routes = [
        (method, re.compile(pattern, re.IGNORECASE), handler)
        for method, pattern, handler in _ROUTES
    ]

    async def discovery(request: Request) -> Response:
        address = f"https://{request.url.hostname}"
        return JSONResponse(dict.fromkeys(_SERVICES, address))

    async def dispatch(request: Request) -> Response:
        path = request.url.path.rstrip("/")
        for method, pattern, handler in routes:
            match = pattern.fullmatch(path)
            if match and method == request.method:
                return await _answer(azure, request, match, handler)
        missing = ArmError(404, "NotFound", f"The sandbox has no '{request.method} {path}'.")
        return JSONResponse(missing.body(), missing.status)

    methods = ["GET", "POST", "PATCH", "PUT", "DELETE"]
    return Starlette(
        routes=[
            Route("/discovery", discovery),
            Route("/mlflow/{path:path}", Tracking(azure).respond, methods=METHODS),
            Route("/{path:path}", dispatch, methods=methods),
        ]
    )


async def _answer(
    azure: Azure, request: Request, match: re.Match[str], handler: Handler
) -> Response:
    raw = await request.body()
    try:
        answer = handler(Call(azure, request, match, json.loads(raw) if raw else None))
        return JSONResponse(await answer if inspect.isawaitable(answer) else answer)
    except ValueError as error:
        refusal = ArmError(400, "UserError", f"The body is not valid JSON: {error}.")
    except ArmError as error:
        refusal = error
    return JSONResponse(refusal.body(), refusal.status, refusal.headers)

"""The artifacts of runs and models over plain HTTP, as MLflow's own server would proxy them.

The bytes are the very blobs that run history hands out addresses to, so a plain client and the
azureml client see the same artifacts.
"""

from __future__ import annotations

import mimetypes
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from sandbox.arm.errors import ArmError
from sandbox.arm.resource import Resource
from sandbox.blob.rest import StorageError
from sandbox.ml import models
from sandbox.ml.blobs import Blobs
from sandbox.ml.locations import Location, check_path, of_run
from sandbox.tracking import addresses, runs
from sandbox.tracking.runs import MlflowError

if TYPE_CHECKING:
    from sandbox.azure import Azure

CHUNK = 1 << 18  # bytes


def place(azure: Azure, workspace: Resource, path: str) -> Location:
    """Where ``EXPERIMENT/RUN/artifacts/P`` lies.

    Raises MlflowError: 400 for another form or a path that climbs, 404 for a run or model that the
    workspace has not.
    """
    try:
        check_path(path)
        found = addresses.parse(f"mlflow-artifacts:/{path.strip('/')}")
        if found is None:
            raise MlflowError(
                400, "INVALID_PARAMETER_VALUE", f"'{path}' is not a path of a run's artifacts."
            )
        if found.name:
            return registered(azure, workspace, found.name, found.version).join(found.path)
        if not runs.known(azure, workspace.private["workspace_id"], found.run):
            raise MlflowError(404, "RESOURCE_DOES_NOT_EXIST", f"Run with id={found.run} not found")
        return of_run(azure, workspace, found.run, found.path)
    except ArmError as error:
        raise MlflowError(error.status, "INVALID_PARAMETER_VALUE", error.message) from None


def registered(azure: Azure, workspace: Resource, name: str, version: str) -> Location:
    """Where the files of a registered model lie. Raises MlflowError 404, ArmError 400."""
    version_id = workspace.id.child("models", name).child("versions", version)
    found = azure.resources.get(version_id)
    if found is None:
        text = f"Model Version (name={name}, version={version}) not found"
        raise MlflowError(404, "RESOURCE_DOES_NOT_EXIST", text)
    return models.location(azure, found)


async def answer(azure: Azure, workspace: Resource, request: Request, path: str) -> Response:
    """One request for an artifact, or for the listing of ``?path=``.

    Raises MlflowError, StorageError.
    """
    if not path:
        if request.method != "GET":
            raise MlflowError(405, "BAD_REQUEST", "Only a listing is here.")
        folder = request.query_params.get("path", "")
        return await _listing(azure, place(azure, workspace, folder))
    at = place(azure, workspace, path)
    if request.method == "PUT":
        return await _upload(azure, at, request)
    if request.method == "DELETE":
        for blob in await Blobs(azure).below(at):
            await Blobs(azure).delete(Location(at.account, at.container, blob.name))
        return JSONResponse({})
    return await _download(azure, at)


async def _listing(azure: Azure, at: Location) -> Response:
    """What lies directly below, folders once; a file lists as nothing."""
    prefix = at.path.rstrip("/") + "/"
    files: dict[str, dict[str, object]] = {}
    for blob in await Blobs(azure).below(at):
        if blob.name == at.path:
            continue
        name, deeper, _ = blob.name.removeprefix(prefix).partition("/")
        if deeper:
            files[name] = {"path": name, "is_dir": True}
        else:
            files[name] = {"path": name, "is_dir": False, "file_size": blob.size}
    return JSONResponse({"files": list(files.values())})


async def _upload(azure: Azure, at: Location, request: Request) -> Response:
    kind = mimetypes.guess_type(at.path)[0] or "application/octet-stream"
    length = request.headers.get("content-length")
    if length is None:
        # Storage wants to know the length; clients leave it out for empty files.
        await Blobs(azure).write(at, await request.body(), content_type=kind)
    else:
        await Blobs(azure).write(at, request.stream(), int(length), kind)
    return JSONResponse({})


async def _download(azure: Azure, at: Location) -> Response:
    reading = Blobs(azure).reading(at)
    try:
        blob = await reading.__aenter__()
    except StorageError as error:
        if error.status == 404:
            text = f"No such artifact: '{unquote(at.path)}'"
            raise MlflowError(404, "RESOURCE_DOES_NOT_EXIST", text) from None
        raise

    async def content() -> AsyncIterator[bytes]:
        try:
            async for chunk in blob.aiter_bytes(CHUNK):
                yield chunk
        finally:
            await reading.__aexit__(None, None, None)

    headers = {
        "content-length": blob.headers["content-length"],
        "x-content-type-options": "nosniff",
    }
    return StreamingResponse(content(), media_type="application/octet-stream", headers=headers)

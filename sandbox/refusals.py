"""Errors that no application foresees, answered as Azure does: JSON with a code and a message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from sandbox.arm.errors import ArmError, unforeseen

_CODES = {404: "NotFound", 405: "MethodNotAllowed"}


def application(
    routes: Sequence[BaseRoute], refusals: Mapping[Any, Any] | None = None
) -> Starlette:
    """An application of these routes; `refusals` are its exception handlers for what it foresees.

    An exception that none of them is for is raised again when it is answered: the caller logs it.
    """
    handlers = {ArmError: _refuse, HTTPException: _no_route, Exception: _fail, **(refusals or {})}
    return Starlette(routes=routes, exception_handlers=handlers)


def _refuse(_: Request, error: ArmError) -> Response:
    return JSONResponse(error.body(), error.status, error.headers)


def _no_route(request: Request, error: HTTPException) -> Response:
    message = f"The sandbox has no '{request.method} {request.url.path}' on this host."
    refusal = ArmError(error.status_code, _CODES.get(error.status_code, "BadRequest"), message)
    return JSONResponse(refusal.body(), refusal.status, error.headers)


def _fail(request: Request, error: Exception) -> Response:
    return _refuse(request, unforeseen(error))

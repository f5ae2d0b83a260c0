"""What tests and `amlops sandbox` do to the sandbox itself: move its clock, switch faults on."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import refusals
from sandbox.arm.faults import Fault

if TYPE_CHECKING:
    from sandbox.azure import Azure


def application(azure: Azure) -> Starlette:
    """Behind ``sandbox.internal``: ``/clock``, ``/faults``, ``/state``, for its owner's token."""

    async def clock(request: Request) -> Response:
        if request.method == "POST":
            try:
                body = await request.json()
                azure.clock.advance(timedelta(seconds=float(body["advance_seconds"])))
            except (KeyError, TypeError, ValueError, OverflowError) as error:
                return _refusal(f"'advance_seconds' must be a number ≥ 0: {error}")
        return JSONResponse({"now": azure.clock.now().isoformat()})

    async def faults(request: Request) -> Response:
        try:
            if request.method == "POST":
                azure.faults.add(Fault(**await request.json()))
            elif request.method == "DELETE":
                azure.faults.clear()
        except (TypeError, ValueError) as error:
            return _refusal(str(error))
        return JSONResponse([asdict(fault) for fault in azure.faults.list()])

    async def state(_request: Request) -> Response:
        """What is left: for `amlops teardown`'s proof and for tests."""
        counts: dict[str, int] = {}
        for resource in azure.resources.list():
            counts[resource.type] = counts.get(resource.type, 0) + 1
        rows = azure.store.connection.execute("SELECT type, name FROM deleted").fetchall()
        return JSONResponse(
            {"resources": counts, "deleted": [{"type": kind, "name": name} for kind, name in rows]}
        )

    methods = ["GET", "POST", "DELETE"]
    return refusals.application(
        [
            Route("/clock", clock, methods=["GET", "POST"]),
            Route("/faults", faults, methods=methods),
            Route("/state", state),
        ]
    )


def _refusal(message: str) -> JSONResponse:
    return JSONResponse({"error": {"code": "BadRequest", "message": message}}, 400)

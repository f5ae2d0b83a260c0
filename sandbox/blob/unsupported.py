"""File shares and Data Lake Gen2: refused in the storage services' own format."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import refusals

if TYPE_CHECKING:
    from sandbox.azure import Azure

NAMES = {"file": "Azure Files", "dfs": "Data Lake Storage Gen2"}


def refuse(request: Request) -> Response:
    """XML for file shares, JSON for Data Lake, as the real services answer."""
    kind = request.headers.get("host", "").split(".")[1:2] or ["file"]
    code = "NotImplemented"
    message = (
        f"The sandbox has no data plane for {NAMES.get(kind[0], kind[0])}: its storage emulator "
        "serves blobs, queues and tables only. Use a blob container and its blob address."
    )
    headers = {"x-ms-error-code": code, "x-ms-request-id": str(uuid.uuid4())}
    if kind == ["dfs"]:
        return JSONResponse({"error": {"code": code, "message": message}}, 501, headers)
    body = (
        '<?xml version="1.0" encoding="utf-8"?>'
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )
    return Response(body, 501, headers, media_type="application/xml")


def application(_azure: Azure) -> Starlette:
    methods = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"]
    return refusals.application([Route("/{path:path}", refuse, methods=methods)])

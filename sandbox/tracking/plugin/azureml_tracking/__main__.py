"""``python -m azureml_tracking FOLDER SOCKET``: MLflow's server, its databases in FOLDER."""

# Checked outside of the environment that it runs in.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvicorn

from azureml_tracking import ARTIFACT_ROOT, SCHEME, workspace_of_request

WORKSPACE_HEADER = b"x-azureml-workspace"
SHUTDOWN_SECONDS = 3
KEEP_ALIVE_SECONDS = 600
"""Longer than the sandbox keeps an idle connection, which would else send on one closed just then.
"""


class WorkspaceOfRequest:
    """Notes which workspace a request is about, from the header that the sandbox adds."""

    def __init__(self, application: Callable[..., Awaitable[None]]) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope.get("headers", []))
        workspace_of_request.set(headers.get(WORKSPACE_HEADER, b"").decode("latin1"))
        await self.application(scope, receive, send)


def main(folder: str, socket: str) -> None:
    # The `mlflow server` command does the same from a second process, which costs 250 MB.
    from mlflow.server import ARTIFACT_ROOT_ENV_VAR, BACKEND_STORE_URI_ENV_VAR

    os.environ[BACKEND_STORE_URI_ENV_VAR] = f"{SCHEME}://{folder}"
    os.environ[ARTIFACT_ROOT_ENV_VAR] = ARTIFACT_ROOT
    from mlflow.server.fastapi_app import app

    from azureml_tracking.stores import template

    template(Path(folder))
    uvicorn.run(
        WorkspaceOfRequest(app),
        uds=socket,
        log_level="warning",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

"""ARM without processes: the application on a store of its own, asked directly."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.arm.answers import Response
from sandbox.arm.application import Arm
from sandbox.azure import Azure
from sandbox.directory import Directory
from sandbox.login.tokens import mint
from sandbox.resources import all_routes


@dataclass
class InProcess:
    azure: Azure
    arm: Arm
    token: str

    def ask(self, method: str, path: str, body: Any = None, version: str = "") -> Response:
        headers = {
            "host": "management.azure.com",
            "authorization": f"Bearer {self.token}",
            "content-type": "application/json",
        }
        scope = {
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": f"api-version={version}".encode(),
            "headers": [(key.encode(), value.encode()) for key, value in headers.items()],
        }
        raw = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        return asyncio.run(self.arm.answer(scope, raw))


@pytest.fixture(scope="module")
def in_process() -> Iterator[InProcess]:
    folder = Path(tempfile.mkdtemp(prefix="amlops-arm-"))
    azure = Azure(Directory(folder))
    identity = azure.identity
    token = mint(
        identity,
        azure.clock,
        audience="https://management.azure.com",
        principal_id=identity.principal_id,
        client_id=identity.client_id,
    )
    yield InProcess(azure, Arm(azure, all_routes()), token)
    azure.store.close()
    shutil.rmtree(folder, ignore_errors=True)

"""One real sandbox for the tests of this room: its processes, its gateway, official clients.

Provisioning takes no time in it. A test that wants another sandbox (one to kill, one that takes
its time) asks for `start_sandbox`.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.identity import ClientSecretCredential
from azure.mgmt.resource.resources import ResourceManagementClient

from sandbox.clock import Clock
from sandbox.directory import Directory
from sandbox.environment import client_environment
from sandbox.identity import Identity
from sandbox.login.tokens import ARM, mint
from sandbox.supervisor.launch import stop

ROOT = Path(__file__).parents[2]
PATIENCE = 180.0
"""Seconds after which a condition never holds, even on a busy machine."""


def wait_until(condition: Callable[[], Any], seconds: float = PATIENCE, what: str = "") -> Any:
    """Poll until the condition holds; its value. Fails loudly after `seconds`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what or condition}")


def error(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["error"]["code"]


@dataclass
class RunningSandbox:
    """A sandbox in processes of its own."""

    directory: Directory
    process: subprocess.Popen[bytes]
    environment: dict[str, str]

    @property
    def subscription(self) -> str:
        return self.environment["AZURE_SUBSCRIPTION_ID"]

    def credential(self) -> ClientSecretCredential:
        names = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")
        return ClientSecretCredential(*(self.environment[name] for name in names))

    def http(self) -> httpx.Client:
        """A plain client that goes through the gateway and trusts its certificates."""
        return httpx.Client(
            proxy=self.environment["HTTPS_PROXY"], verify=self._trust, timeout=PATIENCE
        )

    @functools.cached_property
    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.directory.ca_bundle))

    def token(self, principal_id: str = "", client_id: str = "", audience: str = ARM) -> str:
        """A token, of the sandbox's own service principal or of another principal."""
        identity = Identity.open(self.directory)
        return mint(
            identity,
            Clock(self.directory.clock),
            audience=audience,
            principal_id=principal_id or identity.principal_id,
            client_id=client_id or identity.client_id,
        )

    def arm(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        version: str = "2024-10-01-preview",
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """One raw ARM request, where a test needs what the official clients would not send."""
        token = token or self.token()
        address = f"https://management.azure.com{path}"
        joint = "&" if "?" in path else "?"
        sent = {"authorization": f"Bearer {token}", **(headers or {})}
        with self.http() as client:
            if isinstance(body, (bytes, str)):
                return client.request(
                    method, f"{address}{joint}api-version={version}", content=body, headers=sent
                )
            return client.request(
                method, f"{address}{joint}api-version={version}", json=body, headers=sent
            )

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        with self.http() as client:
            headers = {"authorization": f"Bearer {self.token()}"}
            address = f"https://sandbox.internal{path}"
            answer = client.request(method, address, json=body, headers=headers)
            answer.raise_for_status()
            return answer.json()

    def advance(self, step: timedelta) -> None:
        """Move the sandbox's clock."""
        self.admin("POST", "/clock", {"advance_seconds": step.total_seconds()})

    def service(self, name: str) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(self.directory.state.read_text())
        service: dict[str, Any] = state["services"][name]
        return service

    def kill(self, name: str) -> None:
        """SIGKILL a service; wait until the supervisor has started it again."""
        before = wait_until(lambda: self.service(name)["pid"], what=f"{name} runs")
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: self.service(name)["pid"] not in (None, before), what=f"{name} again")

    def lead(self, patch: pytest.MonkeyPatch) -> None:
        """Have the clients of this process reach it."""
        for name, value in self.environment.items():
            patch.setenv(name, value)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)


def launch(
    directory: Directory, durations: str = "zero", *, root: Path = ROOT, tracking: bool = True
) -> RunningSandbox:
    """Start a sandbox and return when ARM answers.

    `root`: the checkout whose code it runs. Without `tracking` it has no MLflow, whose start is two
    thirds of a sandbox's: for tests that make resources only.
    """
    environment = {**os.environ, "AMLOPS_SANDBOX_DURATIONS": durations}
    if not tracking:
        environment["AMLOPS_MLFLOW_ENVIRONMENT"] = "/nowhere"
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.supervisor", "--dir", str(directory)],
        cwd=root,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def ready() -> bool:
        if process.poll() is not None:
            raise AssertionError(f"the supervisor ended with {process.returncode}")
        try:
            state = json.loads(directory.state.read_text())
        except (FileNotFoundError, ValueError):
            return False
        return bool(state["pid"] == process.pid and state["ready"])

    wait_until(ready, what="ARM answers")
    return RunningSandbox(directory, process, client_environment(directory))


@contextmanager
def sandboxes() -> Iterator[Callable[..., RunningSandbox]]:
    """What starts sandboxes, each in a new directory or in a given one; they stop at the end."""
    running: list[RunningSandbox] = []
    folders: list[Path] = []

    def start(directory: Directory | None = None, **how: Any) -> RunningSandbox:
        if directory is None:
            folders.append(Path(tempfile.mkdtemp(prefix="amlops-test-")))
            directory = Directory(folders[-1])
        running.append(launch(directory, **how))
        return running[-1]

    try:
        yield start
    finally:
        for item in running:
            if item.process.poll() is None:
                item.stop()
            stop(item.directory)  # A command with newer code has started it again.
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def start_sandbox() -> Iterator[Callable[..., RunningSandbox]]:
    """Start further sandboxes: ``start_sandbox(durations="short")``, or again in a directory.

    Those of a module end with it: each has 200 to 400 MB, and a run has dozens.
    """
    with sandboxes() as start:
        yield start


@pytest.fixture(scope="package")
def sandbox() -> Iterator[RunningSandbox]:
    """The sandbox that the tests of this room share; official clients in here reach it.

    Neither it nor its environment outlives the room: another room's commands would meet it.
    """
    with sandboxes() as start, pytest.MonkeyPatch.context() as patch:
        started = start()
        started.lead(patch)
        yield started


@pytest.fixture
def group(sandbox: RunningSandbox) -> Iterator[str]:
    """A new resource group's name; the group is deleted afterwards."""
    client = ResourceManagementClient(sandbox.credential(), sandbox.subscription)
    name = f"rg-{uuid.uuid4().hex[:8]}"
    client.resource_groups.create_or_update(name, {"location": "eastus"})
    yield name
    if client.resource_groups.check_existence(name):
        client.resource_groups.begin_delete(name).result()


@dataclass(frozen=True)
class Place:
    """Where a workspace is: what the clients of Azure ML are made with."""

    subscription: str
    group: str
    workspace: str
    storage: str

    @property
    def id(self) -> str:
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.group}/providers/"
            f"Microsoft.MachineLearningServices/workspaces/{self.workspace}"
        )


def make_workspace(sandbox: RunningSandbox, group: str) -> Place:
    """A workspace with what it stands on, by plain ARM requests."""
    unique = uuid.uuid4().hex[:10]
    root = f"/subscriptions/{sandbox.subscription}/resourceGroups/{group}"
    storage = f"{root}/providers/Microsoft.Storage/storageAccounts/st{unique}"
    vault = f"{root}/providers/Microsoft.KeyVault/vaults/kv-{unique}"
    place = Place(sandbox.subscription, group, f"mlw-{unique}", f"st{unique}")
    bodies = {
        (root, "2025-04-01"): {"location": "eastus"},
        (storage, "2024-01-01"): {
            "location": "eastus",
            "sku": {"name": "Standard_LRS"},
            "kind": "StorageV2",
            "properties": {},
        },
        (vault, "2024-11-01"): {
            "location": "eastus",
            "properties": {
                "tenantId": sandbox.environment["AZURE_TENANT_ID"],
                "sku": {"name": "standard", "family": "A"},
            },
        },
        (place.id, "2025-12-01"): {
            "location": "eastus",
            "identity": {"type": "SystemAssigned"},
            "properties": {"storageAccount": storage, "keyVault": vault},
        },
    }
    for (path, version), body in bodies.items():
        answer = sandbox.arm("PUT", path, body, version=version)
        assert answer.is_success, answer.text
        wait_until(
            lambda path=path, version=version: (  # type: ignore[misc]
                sandbox.arm("GET", path, version=version).json()["properties"]["provisioningState"]
                == "Succeeded"
            ),
            what=path,
        )
    return place


@pytest.fixture(scope="package")
def workspace(sandbox: RunningSandbox) -> Place:
    """A workspace that many tests share; they use names of their own in it."""
    return make_workspace(sandbox, f"rg-shared-{uuid.uuid4().hex[:6]}")


@pytest.fixture(scope="package")
def ml(sandbox: RunningSandbox, workspace: Place) -> Any:
    """The official Azure ML client of that workspace."""
    from azure.ai.ml import MLClient

    return MLClient(
        sandbox.credential(), workspace.subscription, workspace.group, workspace.workspace
    )

"""After a killed update: clear the lock of a dead owner, adopt what was being made.

Pulumi writes down what it is about to create. When it is killed in between, the resource may exist
in Azure without being in the stack; creating it again fails. Here it is adopted when it is there.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path
from string import Formatter
from typing import Any
from urllib.parse import urlparse

import yaml
from pulumi import automation

from ops.screen import note
from ops.stacks import failure_of
from ops.target import ROOT


def recover(stack: automation.Stack) -> None:
    """Make a stack ready for the next update, whatever happened to the one before."""
    _clear_lock(stack)
    state = stack.export_stack().deployment or {}
    pending = [item for item in state.get("pending_operations") or [] if item.get("resource")]
    if not pending:
        return
    note(f"the update before was interrupted in {len(pending)} operations; taking it up again")
    adopt: list[str] = []
    for item in pending:
        identifier = _identifier(item["resource"]) if item["type"] == "creating" else None
        if identifier:
            adopt += [item["resource"]["urn"], identifier]
    _refresh(stack, adopt)


def _refresh(stack: automation.Stack, adopt: list[str]) -> None:
    command = [
        "pulumi",
        "refresh",
        "--yes",
        "--skip-preview",
        "--non-interactive",
        "-s",
        stack.name,
    ]
    for value in adopt:
        command += ["--import-pending-creates", value]
    command += ["--clear-pending-creates"] if not adopt else []
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise failure_of(automation.CommandError(_Result(done)))  # type: ignore[arg-type]


class _Result:
    """What the Automation API makes its errors of."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.stdout, self.stderr, self.code = done.stdout, done.stderr, done.returncode

    def __str__(self) -> str:
        return f"{self.stdout}\n{self.stderr}"


def _clear_lock(stack: automation.Stack) -> None:
    """Remove the lock of a process that is no more. One of a living process is left alone."""
    backend = urlparse(os.environ.get("PULUMI_BACKEND_URL", ""))
    if backend.scheme != "file":
        return
    folder = Path(backend.path) / ".pulumi" / "locks"
    for lock in folder.rglob("*.json"):
        if stack.name not in lock.parts and lock.parent.name != stack.name:
            continue
        owner = json.loads(lock.read_text() or "{}")
        if owner.get("hostname") == socket.gethostname() and not _alive(int(owner.get("pid", 0))):
            lock.unlink(missing_ok=True)
            note(f"cleared the lock of an update that was killed (process {owner.get('pid')})")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid > 0


def _identifier(resource: dict[str, Any]) -> str | None:
    """The id that a resource has in Azure, from its inputs, when it is there."""
    table = yaml.safe_load(Path(__file__).with_name("resource_ids.yaml").read_text())
    entry = table.get(resource["type"])
    if entry is None:
        return None
    inputs = resource.get("inputs") or {}
    subscription = os.environ.get("AZURE_SUBSCRIPTION_ID", "")
    values = {"subscriptionId": subscription, **inputs}
    fields = [name for _, name, _, _ in Formatter().parse(entry["id"]) if name]
    if any(not isinstance(values.get(name), str) for name in fields):
        return None
    identifier: str = entry["id"].format(**values)
    return identifier if _exists(identifier, entry["version"], subscription) else None


def _exists(identifier: str, version: str, subscription: str) -> bool:
    from azure.core.exceptions import ResourceNotFoundError
    from azure.identity import DefaultAzureCredential
    from azure.mgmt.resource.resources import ResourceManagementClient

    client = ResourceManagementClient(DefaultAzureCredential(), subscription)
    try:
        client.resources.get_by_id(identifier, api_version=version)
    except ResourceNotFoundError:
        return False
    return True

"""The services of a sandbox: what to run, and what must be there before."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from sandbox.directory import Directory, checkout

AZURITE = "AMLOPS_AZURITE"
"""Names another node_modules folder with Azurite in it."""

KEEP_ALIVE_SECONDS = "600"
"""How long Azurite keeps an idle connection: longer than its clients do, which would else send on
one that it closes just then.
"""


class MissingToolError(Exception):
    """A program that a service needs is not installed; the text says what to do."""


@dataclass(frozen=True)
class Service:
    """`requires`: files that another service makes first. `waits`: starts after ARM answers."""

    name: str
    argv: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    requires: tuple[Path, ...] = ()
    waits: bool = False


def azurite_modules() -> Path:
    named = os.environ.get(AZURITE)
    return Path(named) if named else checkout() / ".tools" / "azurite" / "node_modules"


def check_tools() -> None:
    """Raises MissingToolError before anything is started."""
    if shutil.which("node") is None:
        raise MissingToolError("Node.js is not on PATH; Azurite needs version 20 or newer")
    if not (azurite_modules() / "azurite" / "package.json").exists():
        raise MissingToolError(
            f"Azurite is not installed in {azurite_modules()}; `python3 -m tools.setup` installs it"
        )


def services(directory: Directory, ports: Mapping[str, int]) -> list[Service]:
    found = [_azure(directory), _azurite(directory, ports)]
    if find_spec("sandbox.tracking") and find_spec("sandbox.tracking.server"):
        from sandbox.tracking.server import command

        argv, environment = command(directory)
        found.append(Service("mlflow", argv, environment, waits=True))
    return found


def _azure(directory: Directory) -> Service:
    path = os.pathsep.join(filter(None, [str(checkout()), os.environ.get("PYTHONPATH")]))
    variables = {
        "PYTHONPATH": path,
        "PYTHONDONTWRITEBYTECODE": "",  # A third of a start would be compiling, every time.
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }
    argv = [sys.executable, "-m", "sandbox.service", "--dir", str(directory)]
    return Service("azure", argv, variables)


def _azurite(directory: Directory, ports: Mapping[str, int]) -> Service:
    certificate, key = directory.ca / "azurite.pem", directory.ca / "azurite.key"
    listen = [
        argument
        for kind, port in (
            ("blob", ports["azurite"]),
            ("queue", ports["azurite_queue"]),
            ("table", ports["azurite_table"]),
        )
        for argument in (
            *(f"--{kind}Host", "127.0.0.1", f"--{kind}Port", str(port)),
            *(f"--{kind}KeepAliveTimeout", KEEP_ALIVE_SECONDS),
        )
    ]
    argv = [
        shutil.which("node") or "node",
        str(checkout() / "sandbox" / "blob" / "azurite.js"),
        str(azurite_modules()),
        str(directory.azurite_accounts),
        str(directory.token_key),
        str(directory.azurite_access),
        *("--location", str(directory.azurite)),
        *listen,
        *("--cert", str(certificate), "--key", str(key), "--oauth", "basic"),
        *("--loose", "--skipApiVersionCheck", "--disableTelemetry", "--silent"),
    ]
    files = (directory.azurite_accounts, directory.azurite_access, directory.token_key)
    made = (certificate, key, *files)
    return Service("azurite", argv, requires=made)

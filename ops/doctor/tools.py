"""What the machine that runs this needs: Pulumi, Python, where it matters the Azure CLI."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

from ops.doctor.finding import Finding, ok, problem, warning

PULUMI = (3, 220)
PYTHON = (3, 11)
TIMEOUT = 30.0


def check(target: str) -> Iterator[Finding]:
    yield _pulumi(target)
    yield _python()
    # With a service principal or a pipeline's identity nothing asks the Azure CLI.
    if target == "azure" and not os.environ.get("AZURE_CLIENT_ID"):
        yield _azure_cli()


def _pulumi(target: str) -> Finding:
    found = _version("pulumi", "version")
    mend = (
        "python3 -m tools.setup"
        if target == "sandbox"
        else "curl -fsSL https://get.pulumi.com | sh"
    )
    wanted = ".".join(map(str, PULUMI))
    if found is None:
        return problem("There is no 'pulumi' on PATH.", mend)
    if found[:2] < PULUMI:
        return problem(f"Pulumi is {_text(found)}; at least {wanted} is needed.", mend)
    return ok(f"Pulumi {_text(found)}")


def _python() -> Finding:
    found = sys.version_info[:3]
    if found[:2] < PYTHON:
        return problem(f"Python is {_text(found)}; at least 3.11 is needed.", "uv venv -p 3.11")
    return ok(f"Python {_text(found)}")


def _azure_cli() -> Finding:
    found = _version("az", "version", "--query", '"azure-cli"', "--output", "tsv")
    if found is None:
        return warning(
            "There is no 'az' on PATH, and no AZURE_CLIENT_ID: other logins of azure-identity "
            "are tried.",
            "https://aka.ms/installazurecli",
        )
    return ok(f"Azure CLI {_text(found)}")


def _version(*command: str) -> tuple[int, ...] | None:
    """What a program calls itself; None where there is none, or it does not say."""
    if shutil.which(command[0]) is None:
        return None
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT)
    match = re.search(r"(\d+)\.(\d+)\.(\d+)", done.stdout)
    return tuple(int(part) for part in match.groups()) if match else None


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))

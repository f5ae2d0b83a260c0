"""Which service runs this pipeline; both tell it by their variables."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import NoReturn

GITHUB, AZURE_DEVOPS = "GitHub", "Azure DevOps"


def service(environ: Mapping[str, str]) -> str | None:
    """One of the two, or None on a person's own machine."""
    if environ.get("GITHUB_ACTIONS") == "true":
        return GITHUB
    if environ.get("TF_BUILD", "").lower() == "true":
        return AZURE_DEVOPS
    return None


def stop(message: str) -> NoReturn:
    """End the step, with one line for whoever reads its log."""
    sys.exit(f"Error: {message}")

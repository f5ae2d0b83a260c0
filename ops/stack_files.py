"""The files in `stacks/`, one an environment: where they are, and what they say as written.

What is wrong in one is told by the program's own checks, to whoever needs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ops.failure import Failure
from ops.target import ROOT

SETTINGS = "amlops:settings"


def path(environment: str) -> Path:
    return ROOT / shown(environment)


def shown(environment: str) -> str:
    """The file as a message names it."""
    return f"stacks/Pulumi.{environment}.yaml"


def names() -> list[str]:
    """The environments that have a file."""
    found = (ROOT / "stacks").glob("Pulumi.*.yaml")
    return sorted(file.stem.partition(".")[2] for file in found)


def missing(environment: str) -> Failure:
    """What to say of an environment without a file."""
    return Failure(f"There is no stack '{environment}'. There are: {', '.join(names())}.")


def content(environment: str) -> dict[str, Any]:
    """All that the file says; nothing where it cannot be read."""
    try:
        found = yaml.safe_load(path(environment).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return found if isinstance(found, dict) else {}


def settings(environment: str) -> Mapping[str, Any]:
    """The settings among it, without defaults."""
    config = content(environment).get("config")
    found = config.get(SETTINGS) if isinstance(config, dict) else None
    return found if isinstance(found, dict) else {}


def every() -> dict[str, Mapping[str, Any]]:
    """The settings by environment, of those whose files say any."""
    found = {name: settings(name) for name in names()}
    return {name: said for name, said in found.items() if said}

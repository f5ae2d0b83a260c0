"""The programs that set-up expects, and what to say when one is missing or too old."""

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.setup.failure import SetUpError

Version = tuple[int, ...]


@dataclass(frozen=True)
class Tool:
    """A program on PATH, the oldest version that will do (empty: any), and how to get it."""

    name: str
    command: str
    version_arguments: Sequence[str]
    wanted: Version
    reason: str
    source: str


GIT = Tool(
    name="git",
    command="git",
    version_arguments=("--version",),
    wanted=(),
    reason="a model's lineage names the commit it was trained from",
    source="install it with your package manager, e.g. `apt install git`",
)
NODE = Tool(
    name="Node.js",
    command="node",
    version_arguments=("--version",),
    wanted=(20,),
    reason="Azurite, the storage emulator, runs on it",
    source="get it from nodejs.org or your package manager",
)
NPM = Tool(
    name="npm",
    command="npm",
    version_arguments=("--version",),
    wanted=(9,),
    reason="it installs Azurite",
    source="it comes with Node.js from nodejs.org; on Debian and Ubuntu `apt install npm`",
)
# From 1.21 on Go fetches by itself the newer toolchain that a go.mod names.
GO = Tool(
    name="Go",
    command="go",
    version_arguments=("version",),
    wanted=(1, 21),
    reason="the Pulumi command line is built from source, once",
    source="get it from go.dev/dl; or install Pulumi >= 3.220 instead, then no Go is needed:\n"
    "  curl -fsSL https://get.pulumi.com | sh",
)


def parse_version(text: str) -> Version:
    """The first version number in a text: "go version go1.26.8 linux" is (1, 26, 8).

    Raises:
        ValueError: there is none.
    """
    found = re.search(r"\d+(\.\d+)*", text)
    if not found:
        raise ValueError(f"no version number in {text!r}")
    return tuple(int(part) for part in found[0].split("."))


def version_of(command: Path | str, arguments: Sequence[str]) -> Version:
    """What a program says of its version.

    Raises:
        ValueError: it does not run, or names no version.
    """
    try:
        done = subprocess.run(
            [command, *arguments], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ValueError(f"{command} does not run: {error}") from error
    return parse_version(done.stdout)


def problem(tool: Tool) -> str | None:
    """What is wrong with a tool on this machine, with what is wanted and how to get it."""
    numbers = ".".join(map(str, tool.wanted))
    wanted = f"Wanted: {tool.name}{f' >= {numbers}' if numbers else ''} ({tool.reason}).\n"
    wanted += f"  To get it: {tool.source}."
    found = shutil.which(tool.command)
    if found is None:
        return f"{tool.name} is missing: there is no `{tool.command}` on PATH. {wanted}"
    if not tool.wanted:
        return None
    try:
        version = version_of(found, tool.version_arguments)
    except ValueError as error:
        return f"{tool.name} at {found} does not work: {error}. {wanted}"
    if version < tool.wanted:
        return f"{tool.name} {'.'.join(map(str, version))} at {found} is too old. {wanted}"
    return None


def venv_problem() -> str | None:
    """Debian and Ubuntu split venv off from Python."""
    if all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        return None
    short = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return (
        f"Python at {sys.executable} cannot make virtual environments: it came without venv or\n"
        f"  ensurepip. Wanted: Python >= 3.11 with venv.\n"
        f"  To get it: e.g. `apt install {short}-venv`."
    )


def disk_problem(place: Path, gigabytes: float) -> str | None:
    free = shutil.disk_usage(place).free / 1e9
    if free >= gigabytes:
        return None
    return (
        f"The disk of {place} has {free:.1f} GB free. Wanted: {gigabytes:.0f} GB for set-up.\n"
        "  Free some space and run the same command again."
    )


def check(tools: Iterable[Tool], place: Path, gigabytes: float) -> None:
    """Checks all before anything starts, so that one run tells everything that is missing.

    Raises:
        SetUpError: one paragraph for each problem.
    """
    found = [venv_problem(), *(problem(tool) for tool in dict.fromkeys(tools))]
    found.append(disk_problem(place, gigabytes))
    problems = [each for each in found if each]
    if problems:
        raise SetUpError("\n".join(problems))

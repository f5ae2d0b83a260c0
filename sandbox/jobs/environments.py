"""Builds the environments of jobs and deployments: a `uv venv` for each different specification.

The builder is the one part of the sandbox that reaches out: it installs from the user's own package
index, with the settings that the user has for it.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

from sandbox.environment import without_sandbox
from sandbox.jobs.specification import InvalidEnvironmentError, Specification, default_packages
from sandbox.supervisor import processes

Log = Callable[[str], None]
READY = "environment.json"
WAIT_SECONDS = 0.1
TAIL_LINES = 30

# pip's settings that uv knows by another name, so that one who set up pip need not set up uv.
_PIP_TO_UV = {"PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_EXTRA_INDEX_URL": "UV_INDEX"}
# What would make uv look at our own environment instead of the one it builds.
_OURS = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "CONDA_PREFIX", "UV_PROJECT_ENVIRONMENT")


async def prepare(specification: Specification, directory: Path, log: Log) -> Path:
    """The Python of the environment, built below `directory` if it is not there yet.

    Who asks for what another process is building waits for it. Raises InvalidEnvironmentError with
    uv's own words when the packages cannot be resolved or installed.
    """
    for note in specification.notes:
        log(f"Warning: {note}")
    home = directory / specification.hash
    python = home / "bin" / "python"
    if (home / READY).exists():
        log(f"Environment {home.name} is there.")
        return python
    directory.mkdir(parents=True, exist_ok=True)
    async with _alone(home.with_suffix(".lock"), log) as lock:
        if not (home / READY).exists():
            # Without its mark it is what a killed builder has left.
            shutil.rmtree(home, ignore_errors=True)
            await _build(specification, home, log, lock)
    return python


async def _build(specification: Specification, home: Path, log: Log, lock: int) -> None:
    packages = specification.requirements
    log(f"Building environment {home.name}: {', '.join(packages) or 'no packages'}")
    interpreter = await _interpreter(specification.python, log)
    await _uv("venv", "--quiet", "--python", interpreter, str(home), log=log, lock=lock)
    if packages:
        wanted = home / "requirements.txt"
        wanted.write_text("\n".join(packages) + "\n")
        install = ("pip", "install", "--python", str(home / "bin" / "python"))
        await _uv(*install, "--requirement", str(wanted), log=log, lock=lock)
    mark = {"python": specification.python, "requirements": packages}
    (home / READY).write_text(json.dumps(mark, indent=2))
    log(f"Environment {home.name} is ready.")


async def _interpreter(version: str | None, log: Log) -> str:
    """A Python of that version if the machine has one, else the sandbox's own with a warning."""
    if version is None:
        return sys.executable
    process = await asyncio.create_subprocess_exec(
        _uv_binary(), "python", "find", "--no-python-downloads", "--system", version,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, env=_index_settings(),
    )  # fmt: skip
    found, _ = await process.communicate()
    if process.returncode == 0 and found.strip():
        return found.decode().strip()
    own = ".".join(map(str, sys.version_info[:3]))
    if own != version and not own.startswith(f"{version}."):
        log(f"Warning: Python {version} is not on this machine; Python {own} takes its place.")
    return sys.executable


async def _uv(*arguments: str, log: Log, lock: int) -> None:
    """Run uv, which ends with its builder and has the lock until it has ended."""
    process = await asyncio.create_subprocess_exec(
        _uv_binary(), *arguments, "--no-progress", "--color", "never",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT, env=_index_settings(),
        pass_fds=[lock], preexec_fn=processes.die_with_parent(),
    )  # fmt: skip
    lines: list[str] = []
    assert process.stdout
    try:
        async for raw in process.stdout:
            lines.append(raw.decode(errors="replace").rstrip())
            log(lines[-1])
        status = await process.wait()
    except asyncio.CancelledError:
        process.kill()
        raise
    if status:
        said = "\n".join(lines[-TAIL_LINES:])
        raise InvalidEnvironmentError(f"The environment could not be built. uv says:\n{said}")


def _uv_binary() -> str:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        raise InvalidEnvironmentError("'uv' is not installed beside the sandbox: run `make setup`.")
    return found


def _index_settings() -> dict[str, str]:
    outer = without_sandbox(os.environ)
    settings = {name: value for name, value in outer.items() if name not in _OURS}
    for pip, uv in _PIP_TO_UV.items():
        if pip in settings:
            settings.setdefault(uv, settings[pip])
    return settings


@asynccontextmanager
async def _alone(path: Path, log: Log) -> AsyncIterator[int]:
    """Hold a lock that a killed process loses; yields its descriptor for whom it starts."""
    with path.open("w") as file:
        told = False
        while not _try_lock(file):
            if not told:
                log("Another process builds this environment; waiting for it.")
                told = True
            await asyncio.sleep(WAIT_SECONDS)
        yield file.fileno()


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def warm(log: Log) -> None:
    """Bring the packages of the default set into uv's cache, so that a first job starts soon."""
    with tempfile.TemporaryDirectory(prefix="amlops-environment-") as scratch:
        default = Specification(requirements=default_packages())
        await prepare(default, Path(scratch), log)


def main() -> None:
    parser = argparse.ArgumentParser(description="Job environments of the sandbox")
    parser.add_argument("--warm", action="store_true", required=True, help="fill uv's cache")
    parser.parse_args()
    try:
        asyncio.run(warm(print))
    except InvalidEnvironmentError as refused:
        sys.exit(str(refused))


if __name__ == "__main__":
    main()

"""Processes that are measured or measured against, ended with all that they started."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from bench.waiting import answers, until
from sandbox.environment import without_sandbox

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
AMLOPS = str(Path(sys.executable).with_name("amlops"))


def free_port() -> int:
    """One that was free just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def run(*argv: str, **variables: str) -> None:
    """A command that must succeed. Raises RuntimeError with its last words."""
    run_in(ROOT, *argv, **variables)


def run_in(here: Path, *argv: str, **variables: str) -> None:
    """The same in another folder."""
    done = subprocess.run(
        argv,
        cwd=here,
        env={**without_sandbox(os.environ), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr[-2000:] or done.stdout[-2000:]}")


@contextmanager
def running(*argv: str, port: int | None = None, **variables: str) -> Iterator[psutil.Process]:
    """A process, listening on `port` when that is given; killed with its children at the end."""
    process = subprocess.Popen(
        argv,
        cwd=ROOT,
        env={**without_sandbox(os.environ), **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    tree = psutil.Process(process.pid)
    try:
        if port is not None:
            until(lambda: process.poll() is not None or answers(port))
            if process.poll() is not None:
                raise RuntimeError(f"{' '.join(argv)}: ended with {process.returncode}")
        yield tree
    finally:
        below = tree.children(recursive=True) if process.poll() is None else []
        for one in (*below, tree):
            with suppress(psutil.Error):
                one.kill()
        process.wait()

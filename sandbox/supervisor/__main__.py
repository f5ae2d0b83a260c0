"""`python -m sandbox.supervisor --dir D`: run a sandbox until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys

from sandbox.directory import Directory, default_directory
from sandbox.supervisor import processes
from sandbox.supervisor.daemon import Daemon, LockedError
from sandbox.supervisor.launch import LOCKED


async def _run(directory: Directory) -> int:
    daemon = Daemon(directory)
    try:
        daemon.take_lock()
    except LockedError:
        print(f"another sandbox runs in {directory}", file=sys.stderr)
        return LOCKED
    processes.adopt_orphans()
    await daemon.run()
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="sandbox.supervisor", description=__doc__)
    parser.add_argument("--dir", default=str(default_directory()))
    directory = Directory(parser.parse_args().dir)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        directory.create()
        return asyncio.run(_run(directory))
    except OSError as error:
        print(f"cannot run a sandbox in {directory}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

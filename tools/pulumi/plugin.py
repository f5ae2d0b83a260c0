"""Runs a plugin that is a Python module: `python -m tools.pulumi.plugin MODULE ARGUMENT …`.

It ends without a word on the engine's interrupt, where plain Python would print a traceback, and
does not stay behind when the engine is killed.
"""

import os
import runpy
import signal
import sys

from tools.pulumi.lifetime import follow_engine


def main() -> None:
    del sys.argv[0]
    # Handlers that the module sets itself take the place of these.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))
    follow_engine()
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

"""Runs a plugin that is a Python module: `python -m tools.pulumi.plugin MODULE ARGUMENT …`.

It ends without a word on the engine's interrupt, where plain Python would print a traceback, and
does not stay behind when the engine is killed.
"""

import os
import runpy
import signal
import sys

from tools.pulumi.lifetime import follow_engine

PACK_OPTIONS = ("-virtualenv=", "-toolchain=", "-typechecker=")


def main() -> None:
    del sys.argv[0]
    # The engine says which virtual environment a policy pack wants; this one runs in the project's.
    sys.argv[1:] = [argument for argument in sys.argv[1:] if not argument.startswith(PACK_OPTIONS)]
    # Handlers that the module sets itself take the place of these.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))
    follow_engine()
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

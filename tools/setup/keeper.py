"""Ends the commands of a set-up that was killed and so could not end them itself.

A process of its own that is told of each process group that begins and ends; when its input ends
because set-up is gone, it kills the groups that are left.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress


class Keeper:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self._process.stdin
        self._input = self._process.stdin

    def began(self, group: int) -> None:
        self._tell(f"+{group}")

    def ended(self, group: int) -> None:
        self._tell(f"-{group}")

    def close(self) -> None:
        with suppress(BrokenPipeError):
            self._input.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        # Without its keeper set-up still does its work.
        with suppress(BrokenPipeError):
            print(line, file=self._input, flush=True)


def main() -> None:
    groups: set[int] = set()
    for line in sys.stdin:
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    for group in groups:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()

"""Runs the commands of one step, their output in a log, and can stop them all at once."""

import os
import re
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tools.setup.failure import SetUpError, diagnose
from tools.setup.keeper import Keeper

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
TAIL = 4000  # characters of a log that are looked at after a failure
KNOWN_FIRST = ("/bin/sh", "-c", 'read -r _ && exec "$@" < /dev/null', "sh")
"""Runs the words that follow when it is told to go on, and nothing where set-up is gone before: no
command begins that the keeper does not know of."""
GRACE = 5.0  # seconds between asking a command to end and killing it


class StoppedError(Exception):
    """Another step failed, or the user interrupted."""


class Commands:
    """The commands that run now. One object for all steps: `stop` ends every one of them.

    Every command inherits `lock`, so that what outlives a killed set-up keeps the next one waiting
    instead of writing to the same place.
    """

    def __init__(self, lock: int) -> None:
        self._lock = lock
        self._running: set[subprocess.Popen[bytes]] = set()
        self._guard = threading.Lock()
        self._stopped = False
        self._keeper = Keeper()

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        log: Path,
        cwd: Path,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Runs to the end, output appended to `log`.

        Raises:
            SetUpError: the command is not there or did not exit with 0.
            StoppedError: `stop` was called.
        """
        command = [str(word) for word in argv]
        with log.open("ab") as output:
            output.write(f"$ {' '.join(command)}\n".encode())
            output.flush()
            start = output.tell()
            with self._guard:
                if self._stopped:
                    raise StoppedError
                process = subprocess.Popen(
                    [*KNOWN_FIRST, *command],
                    cwd=cwd,
                    env={**os.environ, **(env or {})},
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    process_group=0,
                    pass_fds=(self._lock,),
                )
                self._running.add(process)
                self._keeper.began(process.pid)
            assert process.stdin
            with suppress(BrokenPipeError), process.stdin as go_on:
                go_on.write(b"\n")
            code = process.wait()
        with self._guard:
            self._running.discard(process)
            self._keeper.ended(process.pid)
            if self._stopped:
                raise StoppedError
        if code != 0:
            printed = log.read_bytes()[start:].decode(errors="replace")[-TAIL:]
            raise SetUpError(_explain(command, code, printed, log))

    def stop(self) -> None:
        """Asks every command and its children to end, then kills them. No new one starts."""
        with self._guard:
            self._stopped = True
            running = list(self._running)
        for process in running:
            _signal(process, signal.SIGTERM)
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(GRACE)
            _signal(process, signal.SIGKILL)

    def close(self) -> None:
        """To be called when no command runs any more."""
        self._keeper.close()


def last_line(log: Path) -> str:
    """The last line that a running command printed, for the progress display; "" if none."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 1000))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    lines = [line.strip() for line in ESCAPES.sub("\n", text).splitlines() if line.strip()]
    return lines[-1] if lines and not lines[-1].startswith("$ ") else ""


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _explain(command: Sequence[str], code: int, printed: str, log: Path) -> str:
    text = ESCAPES.sub("\n", printed)
    known = diagnose(text)
    lines = [known[1]] if known else [line for line in text.splitlines() if line.strip()][-12:]
    return "\n".join(
        [
            f"`{' '.join(command[:4])} …` ended with {code}.",
            *([f"  {known[0]}"] if known else []),
            *(f"    {line}" for line in lines),
            f"  Log: {log}",
        ]
    )

"""What the operating system is asked about processes: marks, trees, times. Linux first."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

SANDBOX_MARK = "AMLOPS_SANDBOX"
"""In the environment of every process of a sandbox: the sandbox's directory."""
UNIT_MARK = "AMLOPS_UNIT"
"""In the environment of every process of a unit: its name."""

_LINUX = sys.platform == "linux"
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PF_EXITING = 0x4
_libc = ctypes.CDLL(None, use_errno=True) if _LINUX else None


def adopt_orphans() -> None:
    """Make this process the parent of its descendants' orphans, so that none escapes it."""
    if _libc is not None:
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent() -> Callable[[], None]:
    """What a child of this process does before exec, to be killed when the parent dies."""
    parent = os.getpid()

    def bind() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:  # It died before it could be told.
                os._exit(1)

    return bind


def started(pid: int) -> float | None:
    """When the process was made, seconds since the epoch; None if it is gone or a zombie.

    Together with the pid it names a process for good: pids are used again.
    """
    if not _LINUX:
        import psutil

        try:
            return float(psutil.Process(pid).create_time())
        except psutil.Error:
            return None
    fields = _stat(pid)
    if fields is None or fields[0] in ("Z", "X"):
        return None
    return _boot() + int(fields[19]) / os.sysconf("SC_CLK_TCK")


def alive(pid: int, since: float) -> bool:
    """Whether the process made at `since` still runs."""
    found = started(pid)
    return found is not None and abs(found - since) < 1.5


def marked(marks: dict[str, str]) -> list[int]:
    """Running processes that carry all the marks in their environment, without this one."""
    wanted = [f"{name}={value}".encode() for name, value in marks.items()]
    found = []
    for pid, environment in _environments():
        if pid != os.getpid() and all(mark in environment for mark in wanted):
            found.append(pid)
    return found


def command(pid: int) -> str:
    """The command line; empty when it is gone."""
    if not _LINUX:
        import psutil

        try:
            return " ".join(psutil.Process(pid).cmdline())
        except psutil.Error:
            return ""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
    except OSError:
        return ""


def descendants(root: int) -> list[int]:
    """Children of `root`, their children and so on."""
    children: dict[int, list[int]] = {}
    for pid in _pids():
        fields = _stat(pid)
        if fields is not None:
            children.setdefault(int(fields[1]), []).append(pid)
    found: list[int] = []
    todo = [root]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def leaving(root: int) -> list[int]:
    """Descendants of `root` on their way out, which `marked` overlooks.

    They have no environment any more, but what they hold they still hold: files, ports, locks. A
    zombie has let go of all, unless other threads of it still end.
    """
    if not _LINUX:
        return []
    found = []
    for pid in descendants(root):
        fields = _stat(pid)
        if fields is None:
            continue
        state, flags, threads = fields[0], int(fields[6]), int(fields[17])
        if threads > 1 if state in ("Z", "X") else flags & _PF_EXITING:
            found.append(pid)
    return found


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Signal each; what is gone already is no error."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def kill_marked(marks: dict[str, str], seconds: float = 5.0) -> int:
    """Kill every process with the marks until none is left. Returns how many there were.

    Those that other processes have yet to reap count as gone.
    """
    seen: set[int] = set()
    end = time.monotonic() + seconds
    while (found := marked(marks)) and time.monotonic() < end:
        seen.update(found)
        send(found, signal.SIGKILL)
        time.sleep(0.01)
    return len(seen)


def _environments() -> Iterable[tuple[int, list[bytes]]]:
    if not _LINUX:
        import psutil

        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                variables = process.environ().items()
                yield process.pid, [f"{name}={value}".encode() for name, value in variables]
        return
    for pid in _pids():
        with contextlib.suppress(OSError):
            yield pid, Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")


def _pids() -> list[int]:
    if not _LINUX:
        import psutil

        return list(psutil.pids())
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on, which follow the name in parentheses."""
    if not _LINUX:
        import psutil

        try:
            return [" ", str(psutil.Process(pid).ppid())]
        except psutil.Error:
            return None
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def _boot() -> float:
    global _boot_time
    if _boot_time is None:
        text = Path("/proc/stat").read_text()
        _boot_time = float(text.partition("\nbtime ")[2].split()[0])
    return _boot_time


_boot_time: float | None = None

"""Ctrl-C while Pulumi works: it is let finish what it has begun, and puts its lock away.

The Automation API leaves at once and closes the streams that Pulumi writes to. Pulumi dies of that
in the middle of its own ending, and the lock stays on a stack whose state is kept in Azure.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

import psutil

from ops.screen import note

Result = TypeVar("Result")


def finished(work: Callable[[], Result]) -> Result:
    """What `work` returns. Raises what it raises, and KeyboardInterrupt if it was interrupted.

    The first SIGINT or SIGTERM is Pulumi's, which ends as soon as Azure has answered what was asked
    of it. The second one ends Pulumi at once.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()  # Python tells the main thread alone of signals.
    outcome: Future[Result] = Future()
    threading.Thread(target=_run, args=(work, outcome), daemon=True).start()
    interrupted = False
    with _signals():
        while True:
            try:
                outcome.exception()
                break
            except KeyboardInterrupt:
                if interrupted:
                    _signal(signal.SIGKILL)
                    raise
                interrupted = True
                note("interrupted: Pulumi ends when Azure has answered; once more ends it at once")
                if not _in_the_foreground():
                    _signal(signal.SIGINT)
    if interrupted:
        raise KeyboardInterrupt
    return outcome.result()


def _run(work: Callable[[], Result], outcome: Future[Result]) -> None:
    try:
        outcome.set_result(work())
    except BaseException as error:
        outcome.set_exception(error)


@contextmanager
def _signals() -> Iterator[None]:
    """SIGTERM, by which a cancelled stage of a pipeline is told to end, is taken as Ctrl-C."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _in_the_foreground() -> bool:
    """Whether a terminal's Ctrl-C has reached Pulumi, too; twice would end it at once."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _signal(number: signal.Signals) -> None:
    for child in psutil.Process().children():
        try:
            if child.name() == "pulumi":
                child.send_signal(number)
        except psutil.NoSuchProcess:
            continue

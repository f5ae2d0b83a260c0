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
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import TypeVar

import psutil

from ops.screen import note

Result = TypeVar("Result")
AWAKE = 0.5
"""Seconds: Python sees a signal when it runs code, and one that has come just before it began to
wait would not end the waiting."""
ENDED = 0
"""Beside the numbers of signals: the work has come to its end."""


def finished(work: Callable[[], Result]) -> Result:
    """What `work` returns. Raises what it raises, and KeyboardInterrupt if it was interrupted.

    The first SIGINT or SIGTERM is Pulumi's, which ends as soon as Azure has answered what was asked
    of it. The second one ends Pulumi at once.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()  # Python tells the main thread alone of signals.
    outcome: Future[Result] = Future()
    told: SimpleQueue[int] = SimpleQueue()
    outcome.add_done_callback(lambda _: told.put(ENDED))
    interrupted = False
    with _signals(told):
        threading.Thread(target=_run, args=(work, outcome), daemon=True).start()
        while _next(told) != ENDED:
            if interrupted:
                _signal(signal.SIGKILL)
                raise KeyboardInterrupt
            interrupted = True
            note("interrupted: Pulumi ends when Azure has answered; once more ends it at once")
            if not _in_the_foreground():
                _signal(signal.SIGINT)
    if interrupted:
        raise KeyboardInterrupt
    return outcome.result()


def _next(told: SimpleQueue[int]) -> int:
    while True:
        with suppress(Empty):
            return told.get(timeout=AWAKE)


def _run(work: Callable[[], Result], outcome: Future[Result]) -> None:
    try:
        outcome.set_result(work())
    except BaseException as error:
        outcome.set_exception(error)


@contextmanager
def _signals(told: SimpleQueue[int]) -> Iterator[None]:
    """They are queued, not raised: a second one may come while the first is still being passed on.

    SIGTERM, by which a cancelled stage of a pipeline is told to end, is taken as Ctrl-C. What is
    ignored, as Ctrl-C is by a command in the background, stays so.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, lambda number, _frame: told.put(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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

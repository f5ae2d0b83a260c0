"""A plugin lives no longer than the engine that started it, however the engine ended."""

import os
import signal
import threading
import time

GRACE = 5.0  # seconds to end by oneself, as long as the engine grants after an interrupt


def follow_engine() -> None:
    """Interrupts this process when the engine is gone, and ends it if that does not help.

    The engine holds the other end of standard input for as long as it lives. The end of that file
    is the one sign that an engine leaves behind which was killed with SIGKILL.
    """
    threading.Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(GRACE)
    os._exit(1)

"""Settings for gunicorn, read by it at start; a version that does not know one leaves it out."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

bind = f"unix:{os.environ['AMLOPS_SERVING_SOCKET']}"
workers = int(os.environ.get("WORKER_COUNT", "1"))
timeout = int(os.environ.get("WORKER_TIMEOUT", "300"))
graceful_timeout = 30
accesslog = None
errorlog = "-"
# It would be one and the same for every server of the user.
control_socket_disable = True


def post_fork(_server: object, _worker: object) -> None:
    """A worker dies with its master: by itself it would notice after minutes."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

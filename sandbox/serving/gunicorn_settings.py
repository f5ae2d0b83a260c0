"""Settings for gunicorn, read by it at start; a version that does not know one leaves it out."""

import os

bind = f"unix:{os.environ['AMLOPS_SERVING_SOCKET']}"
workers = int(os.environ.get("WORKER_COUNT", "1"))
timeout = int(os.environ.get("WORKER_TIMEOUT", "300"))
graceful_timeout = 30
accesslog = None
errorlog = "-"
# It would be one and the same for every server of the user.
control_socket_disable = True

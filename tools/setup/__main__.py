"""Refuses a Python that is too old before any module that needs a newer one is read."""

import sys

# Wanted also in pyproject.toml; this file alone must be readable by every Python 3.
WANTED = (3, 11)

if sys.version_info[:2] < WANTED:
    sys.exit(
        "set-up: Python %s at %s is too old. Wanted: Python >= %s with venv.\n"  # noqa: UP031
        "  Install one (python.org, or e.g. `apt install python3.12-venv`) and name it: "
        "make demo PYTHON=python3.12"
        % (sys.version.split()[0], sys.executable, ".".join(map(str, WANTED)))
    )

from tools.setup.run import main  # noqa: E402

sys.exit(main(sys.argv[1:]))

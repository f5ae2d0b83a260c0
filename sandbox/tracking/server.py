"""How the MLflow server is started."""

from __future__ import annotations

import os
from pathlib import Path

from sandbox.directory import Directory, checkout

REQUIREMENTS = Path(__file__).with_name("requirements.lock")
PLUGIN = Path(__file__).with_name("plugin")
VARIABLE = "AMLOPS_MLFLOW_ENVIRONMENT"
"""Names another virtual environment with MLflow in it."""


def environment() -> Path:
    """The virtual environment that `requirements.lock` is installed into at set-up."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else checkout() / ".tools" / "mlflow"


def command(directory: Directory) -> tuple[list[str], dict[str, str]]:
    """The server's arguments and what its environment needs beside the supervisor's own.

    One process, behind a socket that only the sandbox's owner reaches; its databases lie in the
    directory's ``mlflow/``. It answers ``/health`` when it is ready.
    """
    python = environment() / "bin" / "python"
    paths = [str(directory.mlflow), str(directory.mlflow_socket)]
    arguments = [str(python), "-m", "azureml_tracking", *paths]
    variables = {
        # Entry points are found on the path, so the plugin needs no installation.
        "PYTHONPATH": str(PLUGIN),
        "PYTHONDONTWRITEBYTECODE": "",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_SERVER_ALLOWED_HOSTS": "localhost",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "NO_PROXY": "*",
    }
    return arguments, variables

"""MLflow's server for Azure ML workspaces; runs in the MLflow server's own environment.

MLflow finds the two stores by the entry points beside this package. It asks for them while it is
itself being imported, so nothing of MLflow is imported here before it calls.
"""

# Checked outside of the environment that it runs in.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from contextvars import ContextVar
from pathlib import Path
from typing import Any

SCHEME = "azureml-workspaces"
ARTIFACT_ROOT = "mlflow-artifacts:/"
RUN_ID_TAG = "azureml.run_id"

workspace_of_request: ContextVar[str] = ContextVar("workspace_of_request", default="")


def tracking_store(store_uri: str, artifact_uri: str | None = None) -> Any:
    """The store of ``azureml-workspaces:///folder``: experiments, runs, logged models."""
    from azureml_tracking.stores import RunStore, Workspaces

    root = artifact_uri or ARTIFACT_ROOT
    return Workspaces(_folder(store_uri), lambda address: RunStore(address, root))


def model_registry(store_uri: str) -> Any:
    """MLflow asks for one; the models of a workspace are Azure ML's, so nobody calls it."""
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

    from azureml_tracking.stores import Workspaces

    return Workspaces(_folder(store_uri), SqlAlchemyStore)


def _folder(store_uri: str) -> Path:
    return Path(store_uri.removeprefix(f"{SCHEME}://"))

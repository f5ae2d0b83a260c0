"""One MLflow database for each Azure ML workspace, and runs that carry a job's name as their id."""

# Checked outside of the environment that it runs in.
# mypy: disable-error-code="import-not-found, misc, untyped-decorator"

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from mlflow.entities import RunTag
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, RESOURCE_DOES_NOT_EXIST
from mlflow.store.tracking.dbmodels.models import SqlRun
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.utils.validation import _validate_run_id
from mlflow.version import VERSION
from sqlalchemy import event

from azureml_tracking import ARTIFACT_ROOT, RUN_ID_TAG, workspace_of_request

_WORKSPACE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_requested_run_id: ContextVar[str] = ContextVar("requested_run_id", default="")


class RunStore(SqlAlchemyStore):
    """MLflow's store, which also lets the creator of a run choose its id by a tag."""

    def create_run(
        self, experiment_id: str, user_id: str, start_time: int, tags: list[RunTag], run_name: str
    ) -> Any:
        wanted = next((tag.value for tag in tags or [] if tag.key == RUN_ID_TAG), "")
        if not wanted:
            return super().create_run(experiment_id, user_id, start_time, tags, run_name)
        _validate_run_id(wanted)
        with self.ManagedSessionMaker(read_only=True) as session:
            if session.get(SqlRun, wanted):
                raise MlflowException(f"Run '{wanted}' already exists.", RESOURCE_ALREADY_EXISTS)
        token = _requested_run_id.set(wanted)
        try:
            others = [tag for tag in tags if tag.key != RUN_ID_TAG]
            return super().create_run(experiment_id, user_id, start_time, others, run_name)
        finally:
            _requested_run_id.reset(token)


@event.listens_for(SqlRun, "init")
def _take_requested_id(_run: SqlRun, _args: Any, columns: dict[str, Any]) -> None:
    wanted, made = _requested_run_id.get(), columns.get("run_uuid")
    if wanted and made:
        columns["run_uuid"] = wanted
        columns["artifact_uri"] = columns["artifact_uri"].replace(made, wanted)


class Workspaces:
    """Hands every call to the store of the workspace that the request is about."""

    supports_workspaces = False
    supports_trace_archival = False

    def __init__(self, folder: Path, make: Callable[[str], Any]) -> None:
        self._folder = folder
        self._make = make
        self._stores: dict[str, Any] = {}
        self._opening = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store(), name)

    def _store(self) -> Any:
        workspace = workspace_of_request.get()
        path = self._folder / f"{workspace}.db"
        # Deleting the file is how a workspace's runs are deleted, so its absence counts.
        known = self._stores.get(workspace) if path.exists() else None
        if known is not None:
            return known
        if not _WORKSPACE_ID.fullmatch(workspace):
            raise MlflowException("The request names no workspace.", RESOURCE_DOES_NOT_EXIST)
        with self._opening:
            if not path.exists():
                _dispose(self._stores.pop(workspace, None))
                draft = path.with_suffix(".draft")
                shutil.copyfile(template(self._folder), draft)
                draft.rename(path)
            if workspace not in self._stores:
                self._stores[workspace] = self._make(f"sqlite:///{path}")
            return self._stores[workspace]


def _dispose(store: Any) -> None:
    if store is not None:
        type(store)._engine_map.pop(store.db_uri, None)
        store.engine.dispose()


def template(folder: Path) -> Path:
    """An empty database of this MLflow version: copying it takes 1 ms, its migrations seconds.

    The first sandbox makes it for all others of the environment, or for itself in `folder` where
    the environment may not be written.
    """
    place = Path(sys.prefix) if os.access(sys.prefix, os.W_OK) else folder
    path = place / f"template-{VERSION}.db"
    if not path.exists():
        draft = folder / "template.draft"
        draft.unlink(missing_ok=True)
        store = SqlAlchemyStore(f"sqlite:///{draft}", ARTIFACT_ROOT)
        _dispose(store)
        with closing(sqlite3.connect(draft)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        copy = path.with_suffix(f".{os.getpid()}")  # Several sandboxes may do this at once.
        shutil.move(draft, copy)
        copy.rename(path)
    return path

"""Jobs: submit an Azure ML v2 YAML, follow its log, read its metrics, cancel."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ops import lineage
from ops.failure import Failure, explain
from ops.platform import Platform, quiet
from ops.screen import note

FINAL = frozenset({"Completed", "Failed", "Canceled", "NotResponding"})
LOG = "user_logs/std_log.txt"
TAIL = 20
"""Lines of a failed job's log that its failure shows."""


@dataclass
class Job:
    """A job as commands show it. `metrics` are the last values of the run's."""

    name: str
    status: str
    experiment: str
    compute: str
    created: str
    studio: str
    metrics: dict[str, float]
    tags: dict[str, str]

    def data(self) -> dict[str, Any]:
        return asdict(self)


def load(file: Path, settings: Sequence[str], outside: dict[str, str]) -> Any:
    """Read a job's YAML, set ``inputs.x=…`` in it, and make local data that is missing.

    Raises `Failure` for a file or setting that does not fit.
    """
    quiet()
    from azure.ai.ml import load_job

    if not file.is_file():
        raise Failure(f"There is no job file '{file}'.")
    overrides = [_override(setting) for setting in settings]
    _make_data(file, outside)
    try:
        return load_job(file, params_override=overrides)
    except Exception as error:
        raise Failure(f"'{file}' is not a job that Azure ML takes: {error}") from None


def _override(setting: str) -> dict[str, Any]:
    import yaml

    path, equals, text = setting.partition("=")
    if not equals or not path:
        raise Failure(f"'--set {setting}' must look like --set inputs.learning_rate=0.1")
    return {path: yaml.safe_load(text)}


def _make_data(file: Path, outside: dict[str, str]) -> None:
    """Run the workload's ``data.py`` where an input's local file is not there yet."""
    import yaml

    declared = yaml.safe_load(file.read_text()) or {}
    missing = [
        given["path"]
        for given in (declared.get("inputs") or {}).values()
        if isinstance(given, dict) and _is_missing(file.parent, str(given.get("path", "")))
    ]
    if not missing:
        return
    script = file.parent / "data.py"
    if not script.is_file():
        raise Failure(f"The input '{missing[0]}' of '{file}' does not exist.")
    note(f"{missing[0]} is not there yet: running {script}")
    made = subprocess.run(
        [sys.executable, str(script)], env=outside, capture_output=True, text=True, check=False
    )
    if made.returncode:
        raise Failure(f"{script} failed:\n{made.stderr.strip() or made.stdout.strip()}")


def _is_missing(folder: Path, path: str) -> bool:
    local = path and "://" not in path and not path.startswith(("azureml:", "/subscriptions/"))
    return bool(local) and not (folder / path).exists()


def submit(platform: Platform, job: Any, folder: Path) -> Any:
    """Register local inputs as data, note the commit, submit. Raises `Failure`."""
    from azure.core.exceptions import AzureError

    try:
        data = lineage.register_inputs(platform.client, job, folder)
        commit = lineage.commit_of(folder)
        job.tags = {**(job.tags or {}), **({lineage.COMMIT: commit} if commit else {})}
        job.tags |= {f"{lineage.DATA}.{name}": asset for name, asset in data.items()}
        return platform.client.jobs.create_or_update(job)
    except Exception as error:
        if isinstance(error, AzureError) or type(error).__module__.startswith("azure.ai.ml"):
            raise explain(error) from None
        raise


def follow(platform: Platform, name: str) -> Job:
    """Stream a job's log until it ends. Raises `Failure` with the log's tail when it failed."""
    streamed = True
    try:
        platform.client.jobs.stream(name)
    except Exception as error:
        if not type(error).__module__.startswith("azure"):
            raise
        streamed = False
    job = show(platform, name)
    if job.status != "Completed":
        tail = "\n".join(logs(platform, name).splitlines()[-TAIL:])
        error_text = _error_of(platform, name)
        raise Failure(
            f"Job {name} ended as {job.status}. {error_text}\n{tail}".rstrip()
            + f"\nWhole log: amlops jobs logs {platform.environment} {name}"
        )
    if not streamed:
        note(logs(platform, name))
    return job


def _error_of(platform: Platform, name: str) -> str:
    error = getattr(platform.client.jobs.get(name), "error", None)
    return str(getattr(error, "message", "") or "")


def show(platform: Platform, name: str) -> Job:
    """One job with its metrics. Raises `Failure` when it is not there."""
    from azure.core.exceptions import AzureError

    try:
        return _job(platform.client.jobs.get(name), metrics(platform, name))
    except AzureError as error:
        raise explain(error) from None


def metrics(platform: Platform, name: str) -> dict[str, float]:
    """The last value of each metric that the job logged; none before its run exists."""
    from mlflow.exceptions import MlflowException

    try:
        return dict(platform.tracking.get_run(name).data.metrics)
    except MlflowException:
        return {}


def listing(platform: Platform, limit: int) -> list[Job]:
    """The newest jobs, without metrics."""
    found: list[Job] = []
    for job in platform.client.jobs.list():
        if len(found) == limit:
            break
        found.append(_job(job, {}))
    return found


def logs(platform: Platform, name: str) -> str:
    """The job's own output so far."""
    from azure.core.exceptions import AzureError

    with tempfile.TemporaryDirectory() as folder:
        try:
            platform.client.jobs.download(name, download_path=folder)
        except AzureError as error:
            raise explain(error) from None
        except Exception as error:
            if not type(error).__module__.startswith("azure.ai.ml"):
                raise
            return _running_log(platform, name)
        found = sorted(Path(folder).rglob(LOG))
        return found[0].read_text(errors="replace") if found else ""


def _running_log(platform: Platform, name: str) -> str:
    """The SDK downloads only what has ended; the log of a running job is read from its store."""
    from azure.storage.blob import BlobClient

    store = platform.client.datastores.get("workspaceartifactstore", include_secrets=True)
    blob = BlobClient(
        f"{store.protocol}://{store.account_name}.blob.{store.endpoint}",
        store.container_name,
        f"ExperimentRun/dcid.{name}/{LOG}",
        credential=getattr(store.credentials, "account_key", None) or platform.credential,
    )
    if not blob.exists():
        return ""
    return bytes(blob.download_blob().readall()).decode(errors="replace")


def cancel(platform: Platform, name: str) -> Job:
    from azure.core.exceptions import AzureError

    try:
        platform.client.jobs.begin_cancel(name).result()
    except AzureError as error:
        raise explain(error) from None
    return show(platform, name)


def _job(job: Any, found: dict[str, float]) -> Job:
    context = getattr(job, "creation_context", None)
    compute = str(getattr(job, "compute", None) or "")
    return Job(
        name=job.name,
        status=str(job.status),
        experiment=str(job.experiment_name or ""),
        compute=compute.rsplit("/", 1)[-1],
        created=str(getattr(context, "created_at", "") or ""),
        studio=str(getattr(job, "studio_url", "") or ""),
        metrics=found,
        tags=dict(job.tags or {}),
    )

"""Jobs: submit an Azure ML v2 YAML, follow its log, read its metrics, cancel."""

from __future__ import annotations

import codecs
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import yaml

from ops import lineage
from ops.failure import Failure, explain
from ops.platform import Platform, quiet
from ops.screen import note

POLL_SECONDS = 0.5
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


@dataclass
class Draft:
    """A job's YAML with what was set on the command line."""

    file: Path
    declared: dict[str, Any]
    overrides: list[dict[str, Any]]


def draft(file: Path, settings: Sequence[str]) -> Draft:
    """Read a job's YAML and set ``inputs.x=…`` in it.

    Raises `Failure` for a file or setting that does not fit.
    """
    if not file.is_file():
        raise Failure(f"There is no job file '{file}'.")
    try:
        declared = yaml.safe_load(file.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Failure(f"'{file}' is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(declared, dict):
        raise Failure(f"'{file}' is not a job: a mapping was expected.")
    overrides = []
    for setting in settings:
        path, equals, text = setting.partition("=")
        if not equals or not path:
            raise Failure(f"'--set {setting}' must look like --set inputs.learning_rate=0.1")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError:
            raise Failure(f"'--set {setting}': '{text}' is no YAML.") from None
        _set(declared, path, value, file)
        overrides.append({path: value})
    if not isinstance(declared.get("inputs") or {}, dict):
        raise Failure(f"'{file}' is not a job: its inputs are no mapping.")
    return Draft(file, declared, overrides)


def _set(declared: dict[str, Any], path: str, value: Any, file: Path) -> None:
    """Set a value at a dotted path. Only what the file declares can be set: a typing error in an
    input's name would otherwise go unnoticed.
    """
    *parents, last = path.split(".")
    place: Any = declared
    for part in parents:
        place = place.get(part) if isinstance(place, dict) else None
    if not isinstance(place, dict) or (parents[:1] == ["inputs"] and last not in place):
        known = ", ".join(f"inputs.{name}" for name in declared.get("inputs") or {})
        raise Failure(f"'{file}' has no '{path}' to set; it has: {known}.")
    place[last] = value


def make_data(job: Draft, outside: dict[str, str]) -> None:
    """Run the workload's ``data.py`` where an input's local file is not there yet, with the
    variables of `outside`. Raises `Failure`.
    """
    file = job.file
    inputs = lineage.local_inputs(job.declared).values()
    missing = [item["path"] for item in inputs if not (file.parent / item["path"]).exists()]
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


def submit(platform: Platform, job: Draft) -> Any:
    """Register local inputs as data, note the commit, submit. Raises `Failure`."""
    quiet()
    from azure.ai.ml import load_job

    folder = job.file.parent
    try:
        data = lineage.register_inputs(platform.client, job.declared, folder)
        paths = [{f"inputs.{name}.path": f"azureml:{asset}"} for name, asset in data.items()]
        entity = load_job(job.file, params_override=[*job.overrides, *paths])
        commit = lineage.commit_of(folder)
        entity.tags = {**(entity.tags or {}), **({lineage.COMMIT: commit} if commit else {})}
        entity.tags |= {f"{lineage.DATA}.{name}": asset for name, asset in data.items()}
        return platform.client.jobs.create_or_update(entity)
    except Exception as error:
        if type(error).__module__.startswith(("azure.", "marshmallow")):
            raise explain(error) from None
        raise


def follow(platform: Platform, name: str, write: Callable[[str], object]) -> Job:
    """Hand on a job's log as it grows, until the job ends.

    Raises `Failure` with the log's tail when the job did not complete. The SDK's own `jobs.stream`
    is not used: it signs log addresses with the storage account's key, which a workspace that is
    accessed by identity does not have, and it looks only every 2 to 60 seconds.
    """
    log = Log(platform, name)
    while True:
        status = _status(platform.client.jobs.get(name))
        write(log.read())
        if status in FINAL:
            break
        time.sleep(POLL_SECONDS)
    write(log.read())
    job = show(platform, name)
    if job.status != "Completed":
        tail = "\n".join(logs(platform, name).splitlines()[-TAIL:])
        raise Failure(
            f"Job {name} ended as {job.status}. {_error_of(platform, name)}\n{tail}".rstrip()
            + f"\nWhole log: amlops jobs logs {platform.environment} {name}"
        )
    return job


class Log:
    """The job's own output in the workspace's artifact store, read piece by piece."""

    def __init__(self, platform: Platform, name: str) -> None:
        from azure.storage.blob import BlobClient

        store = platform.client.datastores.get("workspaceartifactstore", include_secrets=True)
        self._offset = 0
        # A character may be written in two pieces.
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._blob = BlobClient(
            f"{store.protocol}://{store.account_name}.blob.{store.endpoint}",
            store.container_name,
            f"ExperimentRun/dcid.{name}/{LOG}",
            credential=getattr(store.credentials, "account_key", None) or platform.credential,
        )

    def read(self) -> str:
        """What was written since the last call."""
        from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

        try:
            new = bytes(self._blob.download_blob(offset=self._offset).readall())
        except ResourceNotFoundError:
            return ""
        except HttpResponseError as error:
            if error.status_code == 416:  # nothing behind the offset yet
                return ""
            raise
        self._offset += len(new)
        return self._decoder.decode(new)


def _error_of(platform: Platform, name: str) -> str:
    """Why a job failed, as the workspace's run history has it: the SDK's job does not say."""
    import requests

    workspace = platform.client.workspaces.get(platform.workspace)
    token = platform.credential.get_token("https://ml.azure.com/.default").token
    try:
        api = requests.get(workspace.discovery_url, timeout=30).json()["api"]
        run = requests.get(
            f"{api}/history/v1.0{workspace.id}/runs/{name}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        ).json()
        error = run["error"]["error"]
        return f"{error['code']}: {error['message']}"
    except (requests.RequestException, KeyError, TypeError, ValueError):
        return ""


def show(platform: Platform, name: str) -> Job:
    """One job with its metrics. Raises `Failure` when it is not there."""
    with _named(platform, name):
        return _job(platform.client.jobs.get(name), metrics(platform, name))


def metrics(platform: Platform, name: str) -> dict[str, float]:
    """The last value of each metric that the job logged; none before its run exists."""
    from mlflow.exceptions import MlflowException

    try:
        return dict(platform.tracking.get_run(name).data.metrics)
    except MlflowException as error:
        if error.get_http_status_code() != HTTPStatus.NOT_FOUND:
            raise  # A model registered without its metrics would pass no gate, ever.
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
    """The job's own output so far. Raises `Failure` when there is no such job."""
    with _named(platform, name):
        platform.client.jobs.get(name)
        return Log(platform, name).read()


def cancel(platform: Platform, name: str) -> Job:
    with _named(platform, name):
        platform.client.jobs.begin_cancel(name).result()
    return show(platform, name)


@contextmanager
def _named(platform: Platform, name: str) -> Iterator[None]:
    """What the service says of a job as one message."""
    from azure.core.exceptions import AzureError, ResourceNotFoundError

    try:
        yield
    except ResourceNotFoundError:
        raise Failure(
            f"'{platform.environment}' has no job '{name}'. See: amlops jobs list "
            f"{platform.environment}"
        ) from None
    except AzureError as error:
        raise explain(error) from None


def _status(job: Any) -> str:
    """The service's word; the SDK wraps some of them into an enumeration."""
    return str(getattr(job.status, "value", job.status))


def _job(job: Any, found: dict[str, float]) -> Job:
    context = getattr(job, "creation_context", None)
    compute = str(getattr(job, "compute", None) or "")
    return Job(
        name=job.name,
        status=_status(job),
        experiment=str(job.experiment_name or ""),
        compute=compute.rsplit("/", 1)[-1],
        created=str(getattr(context, "created_at", "") or ""),
        studio=str(getattr(job, "studio_url", "") or ""),
        metrics=found,
        tags=dict(job.tags or {}),
    )

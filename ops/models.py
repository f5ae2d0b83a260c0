"""Models: register a job's, list versions, show where one came from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ops.failure import Failure, explain
from ops.jobs import show
from ops.platform import Platform

SOURCE = "source"
METRIC = "metric."
JOB = "job"


@dataclass
class Model:
    """A version of a model. `tags` hold its lineage: job, commit, data, metrics, source."""

    name: str
    version: str
    type: str
    path: str
    job: str
    created: str
    tags: dict[str, str]

    def data(self) -> dict[str, Any]:
        return asdict(self)

    def metric(self, name: str) -> float | None:
        """None where it was not logged. Raises `Failure` where somebody has tagged no number."""
        tag = METRIC + name
        value = self.tags.get(tag)
        try:
            return None if value is None else float(value)
        except ValueError:
            raise Failure(
                f"The tag '{tag}' of the model {self.name}:{self.version} is '{value}', which is "
                "no number. Give the tag the job's value, in Azure Machine Learning studio for "
                "instance, or take it away: then the metric counts as not logged."
            ) from None


def split(text: str) -> tuple[str, str | None]:
    """``NAME`` or ``NAME:VERSION``."""
    name, _, version = text.partition(":")
    if not name or (":" in text and not version):
        raise Failure(f"'{text}' is not a model; write NAME or NAME:VERSION.")
    return name, version or None


def register(platform: Platform, name: str, job: str, output: str = "model") -> Model:
    """Register an output of a completed job, with the job's metrics, commit and data as tags.

    The same output registered again is the version that is there.
    """
    from azure.ai.ml.entities import Model as Asset
    from azure.core.exceptions import AzureError

    source = show(platform, job)
    if source.status != "Completed":
        raise Failure(f"Job {job} is {source.status}; only a completed job's model is registered.")
    for known in listing(platform, name):
        if known.tags.get(JOB) == job and known.tags.get("output") == output:
            return known
    tags = {JOB: job, "output": output, **source.tags}
    tags |= {METRIC + key: repr(value) for key, value in source.metrics.items()}
    asset = Asset(
        name=name,
        path=f"azureml://jobs/{job}/outputs/{output}",
        type="mlflow_model",
        tags=tags,
    )
    try:
        return _model(platform.client.models.create_or_update(asset))
    except AzureError as error:
        raise explain(error) from None


def get(platform: Platform, name: str, version: str | None = None) -> Model:
    """That version, without one the newest. Raises `Failure` when it is not there."""
    from azure.core.exceptions import AzureError, ResourceNotFoundError

    if version is None:
        versions = listing(platform, name)
        if not versions:
            raise Failure(
                f"'{platform.environment}' has no model '{name}'. Register one with: "
                f"amlops models register {platform.environment} {name} --job JOB"
            )
        return versions[0]
    try:
        return _model(platform.client.models.get(name, version))
    except ResourceNotFoundError:
        raise Failure(
            f"'{platform.environment}' has no version {version} of the model '{name}'. See: "
            f"amlops models list {platform.environment} {name}"
        ) from None
    except AzureError as error:
        raise explain(error) from None


def listing(platform: Platform, name: str | None = None) -> list[Model]:
    """Versions of a model, newest first; without a name, the newest version of every model."""
    from azure.core.exceptions import AzureError, ResourceNotFoundError

    try:
        if name is not None:
            found = [_model(item) for item in platform.client.models.list(name)]
            return sorted(found, key=lambda model: _age(model.version), reverse=True)
        names = [item.name for item in platform.client.models.list()]
    except ResourceNotFoundError:
        return []
    except AzureError as error:
        raise explain(error) from None
    return [versions[0] for item in names if (versions := listing(platform, item))]


def _age(version: str) -> tuple[int, str]:
    return (int(version), "") if version.isdigit() else (0, version)


def _model(item: Any) -> Model:
    context = getattr(item, "creation_context", None)
    return Model(
        name=item.name,
        version=str(item.version),
        type=str(item.type or ""),
        path=str(item.path or ""),
        job=str((item.tags or {}).get(JOB) or getattr(item, "job_name", "") or ""),
        created=str(getattr(context, "created_at", "") or ""),
        tags={key: str(value) for key, value in (item.tags or {}).items()},
    )

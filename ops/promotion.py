"""Promotion: a model moves to the next environment when it passes the gate, or nothing moves."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ops import deployments, models, stack_files, stacks
from ops.deployments import Deployed, Workload
from ops.failure import Failure, NotProvisioned, explain
from ops.models import Model
from ops.platform import Platform
from ops.screen import note, step
from ops.target import Target


class Gate(BaseModel):
    """``gate.yml``: the metric as the job logged it, its bound, and how much worse than the live
    version it may be, in the metric's unit.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    model: str
    metric: str
    direction: Literal["minimize", "maximize"]
    bound: float
    tolerance: float = 0.0

    def passes(self, value: float, limit: float) -> bool:
        return value <= limit if self.direction == "minimize" else value >= limit

    def against(self, live: float) -> float:
        """The worst value that is still accepted beside a live version's."""
        return live + self.tolerance if self.direction == "minimize" else live - self.tolerance


@dataclass(frozen=True)
class Check:
    """One line of the gate's verdict."""

    name: str
    value: float | None
    limit: float | None
    passed: bool

    def data(self) -> dict[str, Any]:
        return asdict(self)


def read_gate(file: Path) -> Gate:
    """Raises `Failure` with the path in the file that is wrong."""
    import yaml

    if not file.is_file():
        raise Failure(f"There is no gate '{file}'. Write one: model, metric, direction, bound.")
    try:
        return Gate.model_validate(yaml.safe_load(file.read_text()))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Failure(f"{file} is not YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"]) or "the whole file"
        keys = ", ".join(Gate.model_fields)
        raise Failure(f"{file}: {path}: {first['msg']}. Its keys are: {keys}.") from None


def judge(gate: Gate, candidate: Model, live: Model | None) -> list[Check]:
    """The bound, and the live version where there is one."""
    value = candidate.metric(gate.metric)
    reaches = value is not None and gate.passes(value, gate.bound)
    checks = [Check(f"{gate.metric} against the bound", value, gate.bound, reaches)]
    if live is not None:
        theirs = live.metric(gate.metric)
        limit = None if theirs is None else gate.against(theirs)
        passed = value is not None and (limit is None or gate.passes(value, limit))
        checks.append(Check(f"{gate.metric} against live {live.version}", value, limit, passed))
    return checks


def check(
    target: Target, environment: str, candidate: Model, workload: Workload, endpoint_key: str
) -> list[Check]:
    """What the gate will say of a promotion to the environment. Changes nothing.

    Where `up` has yet to make the endpoint nothing is live, and the bound alone decides. Raises
    `Failure` where the stack file names no such endpoint.
    """
    gate = _gate(workload, candidate)
    try:
        goal = Platform.of(target, environment)
        live = _live_model(goal, goal.endpoint(endpoint_key), candidate.name)
    except NotProvisioned:
        if endpoint_key not in stacks.settings(environment).get("endpoints", {}):
            raise Failure(
                f"'{environment}' is to have no endpoint '{endpoint_key}'. Add it under "
                f"'endpoints' in {stack_files.shown(environment)}."
            ) from None
        note(f"'{environment}' has no endpoint '{endpoint_key}' yet: the bound alone decides")
        live = None
    return judge(gate, candidate, live)


def promote(
    source: Platform, goal: Platform, candidate: Model, workload: Workload, endpoint_key: str
) -> tuple[list[Check], Deployed]:
    """Check the gate, register the model with its lineage, deploy it, switch to it.

    Raises `Failure` with the figures when the gate says no; nothing has changed then.
    """
    gate = _gate(workload, candidate)
    endpoint = goal.endpoint(endpoint_key)
    with step(f"the gate: {gate.metric}"):
        checks = judge(gate, candidate, _live_model(goal, endpoint, candidate.name))
    if not all(check.passed for check in checks):
        raise Failure(
            f"{candidate.name}:{candidate.version} does not pass the gate; "
            f"'{goal.environment}' is unchanged.\n" + "\n".join(_line(check) for check in checks)
        )
    with step(f"registering in {goal.workspace}"):
        registered = copy(source, goal, candidate)
    return checks, deployments.deploy(goal, registered, workload, endpoint_key)


def _gate(workload: Workload, candidate: Model) -> Gate:
    gate = read_gate(workload.gate)
    if candidate.name != gate.model:
        raise Failure(f"{workload.gate} is about '{gate.model}', not about '{candidate.name}'.")
    return gate


def _line(check: Check) -> str:
    value = "not logged" if check.value is None else f"{check.value:.6g}"
    limit = "" if check.limit is None else f" (limit {check.limit:.6g})"
    return f"  {'pass' if check.passed else 'FAIL'}  {check.name}: {value}{limit}"


def _live_model(goal: Platform, endpoint: str, name: str) -> Model | None:
    version = deployments.live_version(goal, endpoint)
    return models.get(goal, name, version) if version else None


def copy(source: Platform, goal: Platform, model: Model) -> Model:
    """The model in the other workspace, once: tags say which workspace and version it came from."""
    from azure.ai.ml.entities import Model as Asset
    from azure.core.exceptions import AzureError

    origin = f"{source.outputs['workspace']['id']}/models/{model.name}/versions/{model.version}"
    for known in models.listing(goal, model.name):
        if known.tags.get(models.SOURCE) == origin:
            return known
    with tempfile.TemporaryDirectory() as folder:
        try:
            source.client.models.download(model.name, model.version, download_path=folder)
            (content,) = (Path(folder) / model.name).iterdir()
            asset = Asset(
                name=model.name,
                path=str(content),
                type=model.type,
                tags={**model.tags, models.SOURCE: origin},
            )
            created = goal.client.models.create_or_update(asset)
        except AzureError as error:
            raise explain(error) from None
    return models.get(goal, created.name, str(created.version))

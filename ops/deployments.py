"""Deployments: beside the live one, tried before any traffic, then switched to."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ops import deployment_content
from ops.failure import Failure, explain
from ops.models import Model
from ops.platform import Platform, quiet
from ops.screen import step
from ops.target import ROOT

LOG_LINES = 40
SETTLED = ("Succeeded", "Failed", "Canceled")
PATIENCE, PAUSE = 1800.0, 0.5
"""Seconds: a deployment in Azure takes up to 20 minutes, and how often it is looked at."""
NAME_LENGTH = 32  # characters in a deployment's name, Azure's limit
SUFFIX = 6
"""Characters of the mark in the name of a version's second deployment."""
MODEL_TAG, CONTENT_TAG = "model", "content"
"""On a deployment of ours: its model's version, and the mark of its files."""


@dataclass
class Deployed:
    """The result of a deployment: `previous` had the traffic before, and is kept beside it."""

    endpoint: str
    deployment: str
    model: str
    previous: str | None
    answer: Any

    def data(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Workload:
    """What a workload's folder holds by convention."""

    folder: Path

    @classmethod
    def of(cls, model: str) -> Workload:
        """``workloads/MODEL``. Raises `Failure` when there is none."""
        folder = ROOT / "workloads" / model
        if not folder.is_dir():
            known = ", ".join(sorted(item.name for item in folder.parent.iterdir()))
            raise Failure(
                f"There is no workload '{model}' in workloads/ (there are: {known}). "
                "Name its folder with --workload."
            )
        return cls(folder)

    @property
    def deployment(self) -> Path:
        return self.folder / "deployment" / "deployment.yml"

    @property
    def gate(self) -> Path:
        return self.folder / "gate.yml"

    @property
    def sample(self) -> Path:
        return self.folder / "sample-request.json"


def deploy(platform: Platform, model: Model, workload: Workload, endpoint_key: str) -> Deployed:
    """Deploy a model version, send it a real request, then give it all the traffic.

    What runs already with the same files is taken as it is; where files have changed, a deployment
    comes up beside the live one, whatever the model's version. Raises `Failure` with the
    deployment's log when it does not come up or does not answer; the traffic is then as before.
    """
    endpoint = platform.endpoint(endpoint_key)
    previous = live(platform, endpoint)
    wanted = _wanted(model, workload)
    name = _name(platform, endpoint, deployment_name(model), wanted.tags, previous)
    wanted.name, wanted.endpoint_name = name, endpoint
    with step(f"deploying {model.name}:{model.version} as '{name}' on {endpoint}"):
        _bring_up(platform, wanted)
    with step("a real request before any traffic"):
        answer = try_out(platform, endpoint, name, workload.sample)
    with step(f"switching traffic to '{name}'"):
        _switch(platform, endpoint, name)
        if previous != name:  # Else it is the one before that would go.
            _remove_older(platform, endpoint, keep={name, previous})
    return Deployed(
        endpoint,
        name,
        f"{model.name}:{model.version}",
        previous if previous != name else None,
        answer,
    )


def deployment_name(model: Model) -> str:
    """``NAME-vVERSION`` in the 3 to 32 characters that Azure allows, the version in full.

    Each version has its own, so that the same command again finds it.
    """
    suffix = re.sub(r"[^a-z0-9]+", "-", f"-v{model.version}".lower())[-NAME_LENGTH + 4 :].rstrip(
        "-"
    )
    name = re.sub(r"[^a-z0-9]+", "-", model.name.lower()).strip("-") or "model"
    return (name if name[0].isalpha() else f"m{name}")[: NAME_LENGTH - len(suffix)] + suffix


def live(platform: Platform, endpoint: str) -> str | None:
    """The deployment with the most traffic."""
    from azure.core.exceptions import AzureError

    try:
        traffic = platform.client.online_endpoints.get(endpoint).traffic or {}
    except AzureError as error:
        raise explain(error) from None
    served = {name: share for name, share in traffic.items() if share}
    return max(served, key=lambda name: served[name]) if served else None


def live_version(platform: Platform, endpoint: str) -> str | None:
    """The model version behind the live deployment."""
    name = live(platform, endpoint)
    if name is None:
        return None
    deployment = platform.client.online_deployments.get(name, endpoint)
    model = str(deployment.model or "")
    return model.rsplit("/", 1)[-1].rsplit(":", 1)[-1] or None


def try_out(platform: Platform, endpoint: str, deployment: str, sample: Path) -> Any:
    """Send the workload's sample to one deployment. Raises `Failure` with what it answered."""
    if not sample.is_file():
        raise Failure(f"There is no '{sample}' to try the deployment with.")
    return score(platform, endpoint, sample, deployment)


def score(platform: Platform, endpoint: str, file: Path, deployment: str | None = None) -> Any:
    """Score a JSON file over REST. Raises `Failure` with the service's answer."""
    if not file.is_file():
        raise Failure(f"There is no request file '{file}'.")
    try:
        json.loads(file.read_text())
    except ValueError as error:
        raise Failure(f"'{file}' is not JSON: {error}") from None
    from azure.ai.ml.constants._endpoint import EndpointInvokeFields

    try:
        answer = platform.client.online_endpoints.invoke(
            endpoint_name=endpoint, request_file=str(file), deployment_name=deployment
        )
    except Exception as error:
        if not type(error).__module__.startswith("azure"):
            raise
        raise _unanswered(platform, endpoint, deployment, explain(error)) from None
    finally:
        # azure-ai-ml writes into one dictionary of headers (seen with 1.35): a deployment once
        # named would get every later request of this process, whatever the endpoint.
        EndpointInvokeFields.DEFAULT_HEADER.pop(EndpointInvokeFields.MODEL_DEPLOYMENT, None)
    try:
        return json.loads(answer)
    except ValueError:
        return answer


def _unanswered(
    platform: Platform, endpoint: str, deployment: str | None, failure: Failure
) -> Failure:
    """What the service answered, with the log of the deployment that was asked."""
    asked = deployment or live(platform, endpoint)
    if asked is None:
        return Failure(
            f"'{endpoint}' has no deployment with traffic. Deploy a model: "
            f"amlops deploy {platform.environment} MODEL"
        )
    return Failure(f"{failure.message}\nThe log of '{asked}':\n{_log(platform, endpoint, asked)}")


def _wanted(model: Model, workload: Workload) -> Any:
    """The workload's deployment with this model in it. Raises `Failure` where the file is wrong."""
    quiet()
    from azure.ai.ml import load_online_deployment

    file = workload.deployment
    if not file.is_file():
        raise Failure(f"There is no deployment file '{file}'.")
    try:
        deployment = load_online_deployment(file)
    except Exception as error:
        raise Failure(f"'{file}' is not a deployment: {error}") from None
    version = f"{model.name}:{model.version}"
    deployment.model = f"azureml:{version}"
    content = deployment_content.mark(file, deployment)
    deployment.tags = {**(deployment.tags or {}), MODEL_TAG: version, CONTENT_TAG: content}
    return deployment


def _name(
    platform: Platform, endpoint: str, usual: str, tags: dict[str, str], previous: str | None
) -> str:
    """The deployment that has these tags already; else the usual name. Where the live one has that
    with other files, the mark follows: what serves is not changed before the new one is tried.
    """
    from azure.core.exceptions import AzureError

    try:
        found = {
            str(item.name): [(item.tags or {}).get(tag) for tag in (MODEL_TAG, CONTENT_TAG)]
            for item in platform.client.online_deployments.list(endpoint)
        }
    except AzureError as error:
        raise explain(error) from None
    same = [
        name for name, theirs in found.items() if theirs == [tags[MODEL_TAG], tags[CONTENT_TAG]]
    ]
    if same:
        return previous if previous and previous in same else same[0]
    if usual != previous:
        return usual
    suffix = f"-{tags[CONTENT_TAG][:SUFFIX]}"
    return usual[: NAME_LENGTH - len(suffix)].rstrip("-") + suffix


def _bring_up(platform: Platform, wanted: Any) -> None:
    from azure.core.exceptions import AzureError, ResourceNotFoundError

    client, name, endpoint = platform.client.online_deployments, wanted.name, wanted.endpoint_name
    try:
        there = settled(lambda: client.get(name, endpoint))
        if there.provisioning_state == "Succeeded" and wanted.tags.items() <= there.tags.items():
            return
    except ResourceNotFoundError:
        pass
    try:
        client.begin_create_or_update(wanted).result()
    except AzureError as error:
        raise Failure(
            f"Deployment '{name}' of {wanted.tags[MODEL_TAG]} failed; traffic is as before. "
            f"{explain(error).message}\n{_log(platform, endpoint, name)}".rstrip()
        ) from None


def _log(platform: Platform, endpoint: str, name: str) -> str:
    from azure.core.exceptions import AzureError

    try:
        return str(platform.client.online_deployments.get_logs(name, endpoint, LOG_LINES)).strip()
    except AzureError:
        return ""


def settled(get: Callable[[], Any]) -> Any:
    """The entity once nothing is in progress on it: a command that was killed may have left Azure
    at work, which meanwhile refuses every other change. Returns it as it is after `PATIENCE`.
    """
    until = time.monotonic() + PATIENCE
    while (found := get()).provisioning_state not in SETTLED and time.monotonic() < until:
        time.sleep(PAUSE)
    return found


def _switch(platform: Platform, endpoint: str, name: str) -> None:
    from azure.core.exceptions import AzureError

    try:
        entity = settled(lambda: platform.client.online_endpoints.get(endpoint))
        if (entity.traffic or {}) == {name: 100}:
            return
        entity.traffic = {name: 100}
        platform.client.online_endpoints.begin_create_or_update(entity).result()
    except AzureError as error:
        raise explain(error) from None


def _remove_older(platform: Platform, endpoint: str, keep: set[str | None]) -> None:
    """The one before stays, to switch back to; what is older goes and costs nothing more.

    Deployments that others made by other means are theirs.
    """
    for deployment in platform.client.online_deployments.list(endpoint):
        ours = MODEL_TAG in (deployment.tags or {})
        if ours and deployment.name not in keep:
            platform.client.online_deployments.begin_delete(deployment.name, endpoint).result()

"""Command jobs: what is checked at submission, what a client sees, cancel, list, archive."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import conflict
from sandbox.arm.ids import ResourceId
from sandbox.arm.request import Request
from sandbox.arm.resource import Resource
from sandbox.arm.types import Action, Change, ResourceType
from sandbox.jobs import lifecycle, planning, status
from sandbox.jobs.command import unknown
from sandbox.jobs.iso8601 import duration
from sandbox.jobs.queue import JobQueue
from sandbox.jobs.references import References, refused
from sandbox.jobs.scheduler import scheduler_of, wake
from sandbox.ml.locations import ARTIFACT_STORE
from sandbox.ml.workspaces import WORKSPACES, region_host, workspace_of

if TYPE_CHECKING:
    from sandbox.azure import Azure

JOBS = f"{WORKSPACES}/jobs"
# What a PUT on a job that is there may change; the rest of a job is what it was submitted as.
_EDITABLE = ("displayName", "description", "tags", "isArchived")
# Inputs and outputs become folders and parts of variables' names, and expressions name them.
_NAME = re.compile(r"[\w-]+")


def _prepare(azure: Azure, change: Change) -> None:
    if change.previous:
        _edit(change.resource, change.previous)
        return
    job = change.resource
    properties = job.properties
    kind = properties.get("jobType")
    if kind != "Command":
        raise refused(f"The sandbox runs command jobs; '{kind}' is not one.", "properties.jobType")
    _complete(azure, job)
    _check_names(properties)
    _check_expressions(properties)
    _check_limits(properties)
    compute = References(azure, workspace_of(azure, job.id)).compute(properties)
    planning.make(azure, job)
    JobQueue(azure).add(job.id, compute)
    wake(azure)


def _edit(job: Resource, previous: Resource) -> None:
    given = job.properties
    kept = dict(previous.properties)
    kept |= {key: given[key] for key in _EDITABLE if given.get(key) is not None}
    kept["properties"] = {**(kept.get("properties") or {}), **(given.get("properties") or {})}
    job.body["properties"] = kept


def _complete(azure: Azure, job: Resource) -> None:
    workspace = workspace_of(azure, job.id)
    properties = job.properties
    for key in ("inputs", "outputs", "tags", "properties", "environmentVariables"):
        properties[key] = properties.get(key) or {}
    properties["displayName"] = properties.get("displayName") or job.name
    properties["experimentName"] = properties.get("experimentName") or "Default"
    properties["isArchived"] = bool(properties.get("isArchived"))
    properties["status"] = status.NOT_STARTED
    store = f"azureml://datastores/{ARTIFACT_STORE}"
    properties["outputs"]["default"] = {
        "jobOutputType": "uri_folder",
        "mode": "ReadWriteMount",
        "uri": f"{store}/ExperimentRun/dcid.{job.name}",
    }
    host = region_host(workspace)
    properties["services"] = {
        "Tracking": {
            "jobServiceType": "Tracking",
            "endpoint": f"azureml://{host}/mlflow/v1.0{workspace.id}?",
            "status": None,
        },
        "Studio": {
            "jobServiceType": "Studio",
            # Without the tenant, which the clients append.
            "endpoint": f"https://ml.azure.com/runs/{job.name}?wsid={workspace.id}",
            "status": None,
        },
    }
    job.private["submitted"] = azure.clock.time()


def _check_names(properties: dict[str, Any]) -> None:
    for kind in ("inputs", "outputs"):
        for name in properties[kind]:
            if not _NAME.fullmatch(name):
                raise refused(
                    f"'{name}' cannot name one of a job's {kind}: letters, digits, '_' and '-' "
                    "only.",
                    f"properties.{kind}",
                )


def _check_expressions(properties: dict[str, Any]) -> None:
    """Every expression must name an input or output of the job."""
    texts = {"properties.command": properties["command"]}
    for name, text in properties["environmentVariables"].items():
        texts[f"properties.environmentVariables.{name}"] = str(text)
    outputs = [name for name in properties["outputs"] if name != "default"]
    for target, text in texts.items():
        for expression in unknown(text, properties["inputs"], outputs):
            raise refused(
                f"'${{{{{expression}}}}}' is used, but the job has no such "
                f"{expression.partition('s.')[0]}.",
                target,
            )


def _check_limits(properties: dict[str, Any]) -> None:
    timeout = (properties.get("limits") or {}).get("timeout")
    if timeout:
        try:
            duration(timeout)
        except ValueError as error:
            raise refused(f"{error}.", "properties.limits.timeout") from None


def _ask_to_cancel(azure: Azure, job: Resource, _request: Request) -> None:
    if job.properties["status"] in status.ENDED:
        return
    job.properties["status"] = status.CANCEL_REQUESTED
    azure.resources.save(job)


async def _cancel(azure: Azure, job: Resource) -> None:
    if job.properties["status"] not in status.ENDED:
        await lifecycle.cancel(azure, job.id)


def _refuse_delete(_azure: Azure, job: Resource, _request: Request) -> None:
    if job.properties["status"] not in status.ENDED:
        raise conflict(
            f"The job '{job.name}' is '{job.properties['status']}'. Cancel it or wait for its end."
        )


def _select(
    _azure: Azure, _parent: ResourceId, found: list[Resource], request: Request
) -> list[Resource]:
    """Newest first, as the service lists them; filters ``jobType``, ``tag``, ``experimentName``."""
    kind = request.query.get("jobtype", "").lower()
    experiment = request.query.get("experimentname", "")
    key, _, value = request.query.get("tag", "").partition("=")

    def chosen(job: Resource) -> bool:
        properties = job.properties
        tags = properties.get("tags") or {}
        return (
            (not kind or str(properties.get("jobType")).lower() == kind)
            and (not experiment or properties.get("experimentName") == experiment)
            and (not key or (key in tags and (not value or tags[key] == value)))
        )

    return [job for job in reversed(found) if chosen(job)]


async def run(azure: Azure) -> None:
    """The scheduler, beside the requests."""
    await scheduler_of(azure).run()


async def _remove(azure: Azure, job: Resource) -> None:
    await lifecycle.discard(azure, job.id)


TYPES = [
    ResourceType(
        JOBS,
        states=False,
        prepare=_prepare,
        remove=_remove,
        refuse_delete=_refuse_delete,
        select=_select,
        actions={"cancel": Action(_ask_to_cancel, effect=_cancel, azure_async=False)},
    ),
]

"""Which environments there are: in the subscription by their tags, in Pulumi's backend, as files.

Only those of this repository's workloads are seen: `workload` in a file of `stacks/`. What another
repository has in the same subscription or backend is none of our business.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from ops import stack_files, stacks
from ops.federation import credential
from ops.target import Target

FORMAT = "%Y-%m-%dT%H:%M:%SZ"
"""Of the setting and the tag `expires`."""


@dataclass(frozen=True)
class Environment:
    """`group` is its resource group in Azure, None when it has none; `expires` is None for what
    stays. `stack`: Pulumi's backend knows it. `file`: its stack file is in this checkout.
    """

    name: str
    workload: str
    group: str | None
    expires: datetime | None
    stack: bool
    file: bool

    @property
    def state(self) -> str:
        if self.group and self.stack:
            return "provisioned"
        if self.group:
            return "without a stack"
        return "not provisioned"

    def data(self) -> dict[str, Any]:
        return {
            "environment": self.name,
            "workload": self.workload,
            "state": self.state,
            "group": self.group,
            "expires": written(self.expires),
            "stack": self.stack,
            "file": self.file,
        }


@dataclass(frozen=True)
class Inventory:
    """`now` is the time at Azure: the sandbox's clock may be ahead of this machine's."""

    now: datetime
    environments: list[Environment]
    others: frozenset[str] = frozenset()
    """Stacks in the same backend that hold another workload's."""

    def named(self, name: str) -> list[Environment]:
        return [item for item in self.environments if item.name == name]

    def due(self) -> list[Environment]:
        """The short-lived whose time is over."""
        return [item for item in self.environments if item.expires and item.expires <= self.now]


def written(when: datetime | None) -> str | None:
    """As it is in a stack file and in a tag."""
    return when.astimezone(UTC).strftime(FORMAT) if when else None


def read(text: object) -> datetime | None:
    """The time that a tag or setting says; None where it says none."""
    if isinstance(text, datetime):
        return text if text.tzinfo else None
    try:
        return datetime.strptime(str(text), FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


def inventory(target: Target) -> Inventory:
    """Look everywhere: whoever asks needs neither the stack file nor to have made it."""
    files = stack_files.every()
    workloads = {str(settings.get("workload")) for settings in files.values()}
    now, groups = _groups(target)
    known = set(stacks.names())
    found = [
        Environment(
            tags["environment"],
            tags["workload"],
            group,
            read(tags.get("expires")),
            tags["environment"] in known,
            tags["environment"] in files,
        )
        for group, tags in groups.items()
        if tags.get("workload") in workloads and tags.get("environment")
    ]
    there = {item.name for item in found}
    others = set()
    for name in sorted((known | set(files)) - there):
        settings = files.get(name)
        tags = _tags_in_state(name) if name in known else {}
        if "workload" in tags and tags["workload"] not in workloads:
            others.add(name)
            continue
        if "workload" not in tags and settings is None:
            continue  # A stack that holds nothing, such as a preview makes.
        workload = str(tags.get("workload") or (settings or {}).get("workload"))
        expires = read(tags.get("expires") or (settings or {}).get("expires"))
        # A group without the tag was there before, or was taken out of what expires, by hand.
        group = tags.get("group") if tags.get("group") in groups else None
        expires = None if group else expires
        found.append(Environment(name, workload, group, expires, name in known, name in files))
    found.sort(key=lambda item: item.name)
    return Inventory(now, found, frozenset(others))


def _groups(target: Target) -> tuple[datetime, dict[str, dict[str, str]]]:
    """The time, and the resource groups of the subscription with their tags."""
    from azure.mgmt.resource.resources import ResourceManagementClient

    dates: list[str] = []
    client = ResourceManagementClient(credential(), target.subscription)
    groups = client.resource_groups.list(
        raw_response_hook=lambda answer: dates.append(answer.http_response.headers["date"])
    )
    # A group that a service manages may bear the tags of what it is for: it is no environment.
    found = {str(group.name): dict(group.tags or {}) for group in groups if not group.managed_by}
    return parsedate_to_datetime(dates[-1]), found


def _tags_in_state(name: str) -> dict[str, str]:
    """The tags of the environment in a stack's state, and its group's name as `group`. A group
    that was there before has none of ours; what is in it has.
    """
    state = stacks.open_stack(name, create=False).export_stack().deployment or {}
    begun = [item["resource"] for item in state.get("pending_operations") or []]
    found: dict[str, str] = {}
    for resource in [*(state.get("resources") or []), *begun]:
        inputs = resource.get("inputs") or {}
        if resource["type"] == stacks.GROUP:
            known = {**(resource.get("outputs") or {}), **inputs}
            found["group"] = str(known.get("resourceGroupName") or known.get("name"))
        tags = inputs.get("tags")
        if isinstance(tags, dict) and "workload" in tags:
            found = {**tags, **found}
    return found

"""Which environments there are: in Azure by their tags, in Pulumi's backend, as files.

They may stand in several subscriptions: looked at are the one that is chosen, those that stack
files name, and those that Pulumi's states tell of. Only those of this repository's workloads are
seen: `workload` in a file of `stacks/`. What another repository has in the same subscription or
backend is none of our business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from azure.core.exceptions import AzureError
from pulumi.automation import CommandError

from ops import stack_files, stacks
from ops.failure import Failure, explain
from ops.federation import credential
from ops.target import Target

FORMAT = "%Y-%m-%dT%H:%M:%SZ"
"""Of the setting and the tag `expires`."""


@dataclass(frozen=True)
class Environment:
    """`group` is its resource group in Azure, None when it has none; `expires` is None for what
    stays. `stack`: Pulumi's backend knows it. `file`: its stack file is in this checkout.
    `subscription` is where it stands, None where nothing does; `unseen` is why one cannot look
    there.
    """

    name: str
    workload: str
    group: str | None
    expires: datetime | None
    stack: bool
    file: bool
    subscription: str | None
    unseen: str | None = None

    @property
    def state(self) -> str:
        if self.unseen:
            return "out of sight"
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
            "subscription": self.subscription,
        }

    def elsewhere(self, chosen: str) -> str | None:
        """The subscription that it stands in, where that is another than the chosen one."""
        stands = self.subscription
        return stands if stands and stands.lower() != chosen.lower() else None


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
    now, groups = _groups(target.subscription)
    places = _Places({target.subscription.lower(): groups})
    for settings in files.values():
        places.look(settings.get("subscription"))
    known = set(stacks.names())
    there = {tags["environment"] for _, _, tags in places.groups_of(workloads)}
    states = {name: _in_state(name) for name in sorted(known - there)}
    others = {name for name, state in states.items() if state.is_of_others(workloads)}
    for name in states.keys() - others:
        places.look(states[name].subscription)
    found = [
        Environment(
            tags["environment"],
            tags["workload"],
            group,
            read(tags.get("expires")),
            tags["environment"] in known,
            tags["environment"] in files,
            subscription,
        )
        for subscription, group, tags in places.groups_of(workloads)
    ]
    there = {item.name for item in found}
    for name in sorted((known | set(files)) - there - others):
        state = states.get(name) or _State()
        said = {**files.get(name, {}), **state.tags}
        if "workload" not in state.tags and name not in files:
            continue  # A stack that holds nothing, such as a preview makes.
        stands = state.subscription.lower() or None
        # A group without the tag was there before, or was taken out of what expires, by hand.
        groups = places.seen.get(stands or target.subscription.lower()) or {}
        group = state.group if state.group in groups else None
        expires = None if group else read(said.get("expires"))
        has = (name in known, name in files)
        unseen = places.unseen.get(stands or "")
        found.append(
            Environment(name, str(said.get("workload")), group, expires, *has, stands, unseen)
        )
    found.sort(key=lambda item: item.name)
    return Inventory(now, found, frozenset(others))


@dataclass
class _Places:
    """What has been looked at: groups with their tags by subscription, whose id is in lower case,
    and why one could not look into another.
    """

    seen: dict[str, dict[str, dict[str, str]]]
    unseen: dict[str, str] = field(default_factory=dict)

    def look(self, named: object) -> None:
        """A subscription may be named that the login does not see: what is in others is told."""
        subscription = str(named or "").lower()
        if not subscription or subscription in self.seen or subscription in self.unseen:
            return
        try:
            self.seen[subscription] = _groups(subscription)[1]
        except AzureError as error:
            why = explain(error).message.rstrip(".")
            self.unseen[subscription] = (
                f"it stands in subscription {subscription}, where this login cannot look: {why}"
            )

    def groups_of(self, workloads: set[str]) -> Iterator[tuple[str, str, dict[str, str]]]:
        """Subscription, name and tags of every group that says of which environment it is."""
        for subscription, groups in self.seen.items():
            for group, tags in groups.items():
                if tags.get("workload") in workloads and tags.get("environment"):
                    yield subscription, group, tags


def _groups(subscription: str) -> tuple[datetime, dict[str, dict[str, str]]]:
    """The time, and the resource groups of the subscription with their tags."""
    from azure.mgmt.resource.resources import ResourceManagementClient

    dates: list[str] = []
    client = ResourceManagementClient(credential(), subscription)
    groups = client.resource_groups.list(
        raw_response_hook=lambda answer: dates.append(answer.http_response.headers["date"])
    )
    # A group that a service manages may bear the tags of what it is for: it is no environment.
    found = {str(group.name): dict(group.tags or {}) for group in groups if not group.managed_by}
    return parsedate_to_datetime(dates[-1]), found


@dataclass
class _State:
    """What a stack's state says of its environment; empty where it says nothing."""

    tags: dict[str, str] = field(default_factory=dict)
    group: str = ""
    subscription: str = ""

    def is_of_others(self, workloads: set[str]) -> bool:
        return "workload" in self.tags and self.tags["workload"] not in workloads


def _in_state(name: str) -> _State:
    """A group that was there before has none of our tags; what is in it has."""
    try:
        state = stacks.open_stack(name, create=False).export_stack().deployment or {}
    except (Failure, CommandError):
        if name in stacks.names():
            raise
        return _State()  # Removed by somebody else since the stacks were listed.
    made = state.get("resources") or []
    begun = [item["resource"] for item in state.get("pending_operations") or []]
    found = _State(subscription=stacks.subscription_in(made) or "")
    for resource in [*made, *begun]:
        inputs = resource.get("inputs") or {}
        if resource["type"] == stacks.GROUP:
            known = {**(resource.get("outputs") or {}), **inputs}
            found.group = str(known.get("resourceGroupName") or known.get("name"))
        tags = inputs.get("tags")
        if isinstance(tags, dict) and "workload" in tags:
            found.tags = {**tags, **found.tags}
    return found

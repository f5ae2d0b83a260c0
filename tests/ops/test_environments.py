"""Which environments there are, and in whichever subscription each stands.

- Groups, stacks and stack files are put together by name; none of them need be there.
- What cannot be looked for is told, and keeps no other from being found.
- Other workloads' environments, and the subscriptions they stand in, are nobody's business.
"""

from __future__ import annotations

import os
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from pulumi import automation

from ops import environments
from ops.environments import Environment
from ops.expiry import remove
from ops.failure import Failure
from ops.target import Target
from tests.ops.short_lived import HERE, HIDDEN, NOW, THERE, known


def state(name: str, group: str, subscription: str) -> automation.Deployment:
    """What Pulumi has written down of one whose time is over."""
    tags = {"workload": "bikes", "environment": name, "expires": "2026-11-24T10:00:00Z"}
    said = {"subscriptionId": subscription} if subscription else {}
    resources = [
        {"type": "pulumi:pulumi:Stack", "outputs": said},
        {"type": "azure-native:resources:ResourceGroup", "outputs": {"name": group}},
        {"type": "t", "inputs": {"tags": tags}},
    ]
    return automation.Deployment(3, {"resources": resources})


GOING, UNREADABLE = automation.Deployment(3, {}), automation.Deployment(3, {})
"""The states of a stack that somebody removes as it is asked for, and of one that is broken."""


class Azure:
    """Groups with their tags by subscription, stacks and stack files, without any of them."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.groups: dict[str, dict[str, dict[str, str]]] = {HERE: {}, THERE: {}}
        self.states: dict[str, automation.Deployment] = {}
        self.files: dict[str, dict[str, str]] = {"dev": {"workload": "bikes"}}
        self.looked: list[str] = []
        patch.setattr("ops.stack_files.every", lambda: self.files)
        patch.setattr(environments, "_groups", self._groups)
        patch.setattr("ops.stacks.names", lambda: list(self.states))
        patch.setattr("ops.stacks.open_stack", self._stack)

    def _groups(self, subscription: str) -> tuple[datetime, dict[str, dict[str, str]]]:
        self.looked.append(subscription)
        if subscription not in self.groups:
            raise HttpResponseError(f"The subscription '{subscription}' could not be found.")
        return NOW, self.groups[subscription]

    def _stack(self, name: str, *, create: bool) -> Any:
        assert not create
        if self.states[name] is UNREADABLE:
            raise Failure("it cannot be read")
        if self.states[name] is GOING:
            del self.states[name]
            raise Failure("there is no such stack")
        return SimpleNamespace(export_stack=lambda: self.states[name])

    def named(self, name: str) -> list[Environment]:
        return environments.inventory(Target("azure", HERE)).named(name)


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Azure:
    return Azure(monkeypatch)


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ({}, known("pr-7", 0, group=None)),
        ({"rg-theirs": {}}, known("pr-7", None, group="rg-theirs")),
    ],
)
def test_a_group_without_the_tag_is_not_what_expires(
    azure: Azure, groups: dict[str, dict[str, str]], expected: Environment
) -> None:
    """It was there before, or somebody has taken the tag away to keep it."""
    azure.groups[HERE] = groups
    azure.states["pr-7"] = state("pr-7", "rg-theirs", HERE)
    assert azure.named("pr-7") == [expected]


TAGS = {"workload": "bikes", "environment": "pr-7", "expires": "2026-11-24T10:00:00Z"}


def test_one_is_found_in_the_subscription_that_its_stack_stands_in(azure: Azure) -> None:
    azure.states["pr-7"] = state("pr-7", "rg-pr-7", THERE.upper())
    azure.groups[THERE] = {"rg-pr-7": TAGS}
    (found,) = azure.named("pr-7")
    assert found == known("pr-7", 0, subscription=THERE)
    assert (found.state, found.elsewhere(HERE), found.elsewhere(THERE)) == (
        "provisioned",
        THERE,
        None,
    )


def test_one_without_a_stack_is_found_in_a_subscription_that_a_stack_file_names(
    azure: Azure,
) -> None:
    azure.files["prod"] = {"workload": "bikes", "subscription": THERE}
    azure.groups[THERE] = {"rg-pr-7": TAGS}
    assert azure.named("pr-7") == [known("pr-7", 0, subscription=THERE, stack=False)]


def test_one_that_nobody_can_look_for_is_neither_missing_nor_stops_the_others(
    azure: Azure,
) -> None:
    azure.states["pr-7"] = state("pr-7", "rg-pr-7", HIDDEN)
    azure.states["pr-8"] = state("pr-8", "rg-pr-8", HERE)
    (found,) = azure.named("pr-7")
    assert (found.state, found.subscription) == ("out of sight", HIDDEN)
    assert [item.name for item in environments.inventory(Target("azure", HERE)).due()] == [
        "pr-7",
        "pr-8",
    ]
    outcome = remove(Target("azure", HERE), found)
    assert outcome.result == "failed"
    assert outcome.error == (
        f"it stands in subscription {HIDDEN}, where this login cannot look: The subscription "
        f"'{HIDDEN}' could not be found. Give the login its roles there, or run the same command "
        "with one that has them."
    )


def test_a_subscription_that_cannot_be_seen_is_no_matter_where_nothing_is_known_to_stand(
    azure: Azure,
) -> None:
    """As in a sandbox, which has not the one that a stack file names for Azure."""
    azure.files["dev"]["subscription"] = HIDDEN
    (found,) = azure.named("dev")
    assert (found.state, found.unseen) == ("not provisioned", None)


def test_a_stack_that_somebody_removes_meanwhile_keeps_nobody(azure: Azure) -> None:
    """A pull request is closed while the nightly job looks around."""
    azure.states = {"pr-7": GOING, "pr-8": state("pr-8", "rg-pr-8", HERE)}
    seen = environments.inventory(Target("azure", HERE))
    assert [item.name for item in seen.due()] == ["pr-8"]
    assert seen.named("pr-7") == []


def test_a_stack_that_cannot_be_read_is_a_failure(azure: Azure) -> None:
    azure.states["pr-7"] = UNREADABLE
    with pytest.raises(Failure, match="cannot be read"):
        environments.inventory(Target("azure", HERE))


def test_nobody_looks_into_subscriptions_of_other_workloads(azure: Azure) -> None:
    azure.states["theirs"] = state("theirs", "rg-theirs", THERE)
    azure.files = {"dev": {"workload": "churn"}}
    assert environments.inventory(Target("azure", HERE)).others == {"theirs"}
    assert azure.looked == [HERE]


@pytest.mark.parametrize("before", [HERE, None])
def test_what_was_chosen_before_is_chosen_again_after_a_removal(
    azure: Azure, monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    names = ("AZURE_SUBSCRIPTION_ID", "ARM_SUBSCRIPTION_ID")
    for name in names:
        monkeypatch.setenv(name, before or "")
        if before is None:
            monkeypatch.delenv(name)
    chosen: list[str | None] = []
    azure.states["pr-7"] = state("pr-7", "rg-pr-7", THERE)
    (found,) = azure.named("pr-7")

    def note_what_is_chosen(*_: object, **__: object) -> None:
        chosen.extend(os.environ.get(name) for name in names)
        raise Failure("enough")

    monkeypatch.setattr("ops.stacks.open_stack", note_what_is_chosen)
    assert remove(Target("azure", HERE), found).error == "enough"
    assert chosen == [THERE, THERE]
    assert [os.environ.get(name) for name in names] == [before, before]


def test_a_chosen_subscription_that_cannot_be_seen_is_a_failure(azure: Azure) -> None:
    with pytest.raises(HttpResponseError, match="could not be found"):
        environments.inventory(Target("azure", HIDDEN))

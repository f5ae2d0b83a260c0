"""The rights of the pipelines' identities: the page shows what is tried, and it suffices.

That the pipelines run with these roles and no others is shown by running them, see `identities.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ops import permissions
from ops.doctor import roles
from ops.doctor.plan import Plan
from tests.pipelines.identities import RIGHTS, roles_of
from tests.sandbox.conftest import RunningSandbox

PAGE = (Path(__file__).parents[2] / "docs" / "pipelines.md").read_text()


@pytest.mark.parametrize("row", RIGHTS, ids=lambda row: f"{row['role']}, {row['at']}")
def test_the_page_has_the_roles_that_are_tried(row: dict[str, Any]) -> None:
    only = f"; only where {row['only']}" if "only" in row else ""
    names = ", ".join(row["for"])
    assert f"| {row['role']} | {row['at']} | {names} | {row['why']}{only} |\n" in PAGE


def test_nobody_has_more_than_the_roles_of_the_page() -> None:
    begin = PAGE.index("| role | on | identities | why |")
    rows = PAGE[begin:].partition("\n\n")[0].splitlines()[2:]
    assert len(rows) == len(RIGHTS)


@pytest.fixture(scope="module")
def place(start_sandbox: Callable[..., RunningSandbox]) -> Iterator[RunningSandbox]:
    started = start_sandbox(tracking=False)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in started.environment.items():
            patch.setenv(name, value)
        yield started


def lacks(place: RunningSandbox, environment: str, *, only: str = "", **more: Any) -> list[str]:
    """What `up` does in the environment and its identity may not do."""
    path = f"/subscriptions/{place.subscription}/providers/Microsoft.Authorization/roleDefinitions"
    known = {
        item["properties"]["roleName"]: item["properties"]["permissions"]
        for item in place.arm("GET", path, version="2022-04-01").json()["value"]
    }
    given = [role for role, at in roles_of(environment, only=only) if at == "the subscription"]
    blocks = [block for role in given for block in known[role]]
    plan = Plan.of(environment, place.subscription, os.environ["AZURE_TENANT_ID"])
    kinds = [*plan.kinds(), *more.get("kinds", ())]
    return permissions.missing(blocks, [roles.action(kind) for kind in kinds])


@pytest.mark.parametrize("environment", ["dev", "test", "prod"])
def test_each_may_do_all_that_its_environment_takes(
    place: RunningSandbox, environment: str
) -> None:
    assert lacks(place, environment) == []


def test_a_role_of_our_own_takes_the_role_that_the_page_names_for_it(place: RunningSandbox) -> None:
    definition = "Microsoft.Authorization/roleDefinitions"
    assert lacks(place, "dev", kinds=[definition]) == [f"{definition}/write"]
    assert lacks(place, "dev", only="own roles", kinds=[definition]) == []

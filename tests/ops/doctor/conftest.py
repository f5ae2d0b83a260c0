"""An empty sandbox, what the stack `dev` asks for in it, and the checks' view of both."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ops.arm import Arm
from ops.doctor.case import Case
from ops.doctor.finding import Finding
from ops.doctor.plan import Plan
from ops.identity import Principal
from ops.target import Target
from tests.sandbox.conftest import RunningSandbox

ENVIRONMENT = "dev"


@pytest.fixture(scope="module")
def place(start_sandbox: Callable[..., RunningSandbox]) -> Iterator[RunningSandbox]:
    """A module's sandbox, with this process as one of its clients.

    What is soft-deleted in one module would be in the way of the names of another.
    """
    started = start_sandbox(tracking=False)
    with pytest.MonkeyPatch.context() as patch:
        started.lead(patch)
        yield started


@pytest.fixture(scope="module")
def plan(place: RunningSandbox) -> Plan:
    return Plan.of(ENVIRONMENT, place.subscription, os.environ["AZURE_TENANT_ID"])


@pytest.fixture
def case(place: RunningSandbox, plan: Plan) -> Case:
    """Anew for each test: a case keeps what it has asked for."""
    target, arm = Target("sandbox", place.subscription), Arm(place.subscription)
    return Case(target, ENVIRONMENT, arm, Principal.of(arm.claims()), plan)


class Stranger:
    """A credential of another principal, which has the roles that a test gives it."""

    def __init__(self, place: RunningSandbox) -> None:
        self.place, self.id = place, str(uuid.uuid4())

    def get_token(self, *_scopes: str, **_: Any) -> Any:
        from azure.core.credentials import AccessToken

        return AccessToken(self.place.token(self.id), 4102444800)

    def get(self, role: str, scope: str) -> str:
        """Be given a built-in role; the assignment's id."""
        at = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
        root = f"/subscriptions/{self.place.subscription}/providers/Microsoft.Authorization"
        body = {
            "properties": {
                "principalId": self.id,
                "principalType": "ServicePrincipal",
                "roleDefinitionId": f"{root}/roleDefinitions/{role}",
            }
        }
        assert self.place.arm("PUT", at, body, version="2022-04-01").is_success
        return at


@pytest.fixture
def stranger(place: RunningSandbox) -> Stranger:
    return Stranger(place)


@pytest.fixture
def own_group(place: RunningSandbox, plan: Plan) -> Iterator[str]:
    """The environment's resource group, with nothing in it."""
    with made_group(place, plan.group) as group:
        yield group


@pytest.fixture
def other_group(place: RunningSandbox) -> Iterator[str]:
    with made_group(place, f"rg-{uuid.uuid4().hex[:8]}") as group:
        yield group


class made_group:  # noqa: N801 - reads as a function
    """A resource group's id while it is there."""

    def __init__(self, place: RunningSandbox, name: str) -> None:
        self.place = place
        self.path = f"/subscriptions/{place.subscription}/resourceGroups/{name}"

    def __enter__(self) -> str:
        body = {"location": "eastus"}
        assert self.place.arm("PUT", self.path, body, version="2025-04-01").is_success
        return self.path

    def __exit__(self, *_: object) -> None:
        self.place.arm("DELETE", self.path, version="2025-04-01")


def levels(findings: Any) -> list[str]:
    return [finding.level for finding in findings]


def only(findings: Any, level: str) -> Finding:
    found: Finding
    (found,) = [finding for finding in findings if finding.level == level]
    return found

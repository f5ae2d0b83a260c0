"""Who may do what: groups, people and pipelines of the stack file.

- A role is given where `on` says, with the reason that the stack file gives.
- A role of our own is defined once it is given to somebody, under a name of this environment.
- Who may grant is held to the roles named: the condition says so for giving and for taking away.
"""

from __future__ import annotations

from typing import Any

import pytest

from infra.names import Names
from infra.settings import table
from tests.infra.mocks import SUBSCRIPTION, Plan, plan, settings

DEFINITION = "authorization:RoleDefinition"


def access(**given: Any) -> Plan:
    return plan(settings(access={"team": {"principal": SUBSCRIPTION, **given}}))


def grant(planned: Plan, name: str) -> dict[str, Any]:
    """By its name within the entry, which states of before know it by."""
    (found,) = (r for r in planned.resources.values() if f"roles-access-team-{name}" in r.aliases)
    return found.inputs


@pytest.mark.parametrize(
    ("where", "scope"),
    [
        ({}, "rg-bikes-dev"),
        ({"scope": "workspace"}, "mlw-bikes-dev"),
        ({"scope": "vault"}, Names(SUBSCRIPTION, "bikes", "dev").vault),
        ({"scope": "storage"}, Names(SUBSCRIPTION, "bikes", "dev").storage),
    ],
)
def test_a_role_is_given_where_the_stack_file_says(where: dict[str, str], scope: str) -> None:
    found = grant(access(roles=["Reader"], **where), "reader")
    assert found["scope"] == f"/id/of/{scope}"
    assert (found["principalId"], found["principalType"]) == (SUBSCRIPTION, "Group")


def test_the_reason_is_that_of_the_stack_file() -> None:
    planned = access(roles=["Reader"], why="Auditors look at what was deployed.")
    assert grant(planned, "reader")["description"] == "Auditors look at what was deployed."
    assert "access.team" in grant(access(roles=["Reader"]), "reader")["description"]


def test_a_role_of_our_own_is_defined_where_somebody_has_it() -> None:
    assert access(roles=["Reader"]).of_type(DEFINITION) == []
    planned = access(roles=["Deployer"])
    defined = planned.only(DEFINITION).inputs
    known = table("role-definitions.yaml")["Deployer"]
    assert defined["roleName"] == "Deployer bikes-dev"
    assert defined["assignableScopes"] == [defined["scope"]] == ["/id/of/rg-bikes-dev"]
    (permissions,) = defined["permissions"]
    assert permissions["actions"] == known["actions"]
    assert permissions["notActions"] == known["not_actions"]
    assert permissions["dataActions"] == known["data_actions"]
    found = grant(planned, "deployer")["roleDefinitionId"]
    assert found == f"/id/of/{defined['roleDefinitionId']}"


def test_a_deployer_may_assign_the_identity_of_endpoints_and_no_other() -> None:
    """Azure asks for that of whoever writes an endpoint; all others may do more than endpoints."""
    found = grant(access(roles=["Deployer"]), "endpoint-identity")
    assert found["scope"] == "/id/of/id-bikes-dev-endpoint"
    assert found["roleDefinitionId"].endswith(table("roles.yaml")["Managed Identity Operator"])
    assert len([name for name in access(roles=["Reader"]).resources if "-access-" in name]) == 1
    (role,) = access(roles=["Deployer"]).of_type(DEFINITION)
    assert not any("ManagedIdentity" in one for one in role.inputs["permissions"][0]["actions"])


def test_roles_of_our_own_are_another_in_each_environment() -> None:
    names = {Names(SUBSCRIPTION, "bikes", name).role_definition("Deployer") for name in ("a", "b")}
    assert len(names) == 2


def test_who_may_grant_is_held_to_the_roles_named() -> None:
    planned = access(may_grant=["AzureML Data Scientist", "Deployer"])
    found = grant(planned, "may-grant")
    roles = table("roles.yaml")
    assert found["roleDefinitionId"].endswith(roles["Role Based Access Control Administrator"])
    assert found["conditionVersion"] == "2.0"
    deployer = planned.only(DEFINITION).inputs["roleDefinitionId"]
    ids = ", ".join(sorted([roles["AzureML Data Scientist"], deployer]))
    for verb, of in (("write", "@Request"), ("delete", "@Resource")):
        assert (
            f"(!(ActionMatches{{'Microsoft.Authorization/roleAssignments/{verb}'}})) OR "
            f"({of}[Microsoft.Authorization/roleAssignments:RoleDefinitionId] "
            f"ForAnyOfAnyValues:GuidEquals {{{ids}}})"
        ) in found["condition"]


def test_no_role_of_our_own_allows_what_makes_one_an_administrator() -> None:
    for name, role in table("role-definitions.yaml").items():
        for action in role["actions"]:
            assert not action.startswith(("*", "Microsoft.Authorization")), (name, action)
            assert not action.endswith("computes/write"), (name, action)


def test_a_grant_stays_what_it_is_under_another_name() -> None:
    """Azure refuses a second one of the same principal, role and scope."""
    given = {"principal": SUBSCRIPTION, "roles": ["Deployer"], "may_grant": ["Reader"]}
    plans = [plan(settings(access={name: given})) for name in ("team", "crew")]
    one, other = (
        {name: r.inputs["roleAssignmentName"] for name, r in planned.resources.items()
         if "-access-" in name}
        for planned in plans
    )  # fmt: skip
    assert one == other
    assert len(one) == 3


def test_a_grant_of_a_state_of_before_keeps_its_name() -> None:
    planned = access(roles=["Reader"], scope="workspace")
    found = planned.resources[f"roles-access-{SUBSCRIPTION}-workspace-reader"]
    assert found.aliases == ("roles-access-team-reader",)
    assert found.ignore_changes == ("roleAssignmentName",)

"""Names that Azure takes, whatever the settings allow:

- Length and alphabet are those of Azure's naming rules.
- The same input gives the same name; another environment, workload or subscription another one,
  also where the name had to be shortened.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from infra.names import SUFFIX_LENGTH, Names


def kebab(low: int, high: int) -> st.SearchStrategy[str]:
    """What the settings let through: a letter first, no hyphen last, none beside another."""

    def mended(text: str) -> str:
        return re.sub(r"^[0-9-]|-$|(?<=-)-", "x", text)

    return st.text("abcxyz0189-", min_size=low, max_size=high).map(mended)


subscriptions = st.uuids().map(str)
names = st.builds(Names, subscriptions, kebab(2, 16), kebab(2, 10))
keys = kebab(3, 24)

# Azure's rule for each name, and how it is made from Names and a key.
RULES: dict[str, tuple[str, Callable[[Names, str], str]]] = {
    "resource group": (r"[a-z0-9-]{1,89}[a-z0-9]", lambda n, _: n.resource_group),
    "workspace": (r"[a-z0-9][a-z0-9-]{2,32}", lambda n, _: n.workspace),
    "logs": (r"[a-z0-9][a-z0-9-]{2,61}[a-z0-9]", lambda n, _: n.logs),
    "insights": (r"[a-z0-9-]{1,254}[a-z0-9]", lambda n, _: n.insights),
    "vault": (r"(?!.*--)[a-z][a-z0-9-]{1,22}[a-z0-9]", lambda n, _: n.vault),
    "storage": (r"[a-z0-9]{3,24}", lambda n, _: n.storage),
    "registry": (r"[a-z0-9]{5,50}", lambda n, _: n.registry),
    "virtual network": (r"[a-z0-9][a-z0-9-]{0,62}[a-z0-9]", lambda n, _: n.virtual_network),
    "security group": (
        r"[a-z0-9][a-z0-9-]{0,78}[a-z0-9]",
        lambda n, _: n.security_group("compute"),
    ),
    "private endpoint": (
        r"[a-z][a-z0-9-]{0,62}[a-z0-9]",
        lambda n, _: n.private_endpoint("workspace-amlworkspace"),
    ),
    "public address": (r"[a-z0-9][a-z0-9-]{0,78}[a-z0-9]", lambda n, _: n.public_address("nat")),
    "NAT gateway": (r"[a-z0-9][a-z0-9-]{0,78}[a-z0-9]", lambda n, _: n.nat_gateway),
    "identity": (r"[a-z0-9][a-z0-9-]{2,127}", lambda n, _: n.identity("workspace")),
    "kubernetes": (r"[a-z][a-z0-9-]{0,52}[a-z0-9]", lambda n, k: n.kubernetes(k)),
    "machine": (r"[a-z][a-z0-9-]{0,62}[a-z0-9]", lambda n, k: n.machine("osdisk", k)),
    "endpoint": (r"[a-z][a-z0-9-]{1,30}[a-z0-9]", lambda n, k: n.endpoint(k)),
    "instance": (r"(?!.*-[0-9]+$)[a-z][a-z0-9-]{1,22}[a-z0-9]", lambda n, k: n.instance(k)),
    "alert": (r"[a-z][a-z0-9-]{0,259}", lambda n, k: n.alert(k)),
    "budget": (r"[a-z][a-z0-9-]{0,62}", lambda n, _: n.budget),
    "role assignment": (r"[0-9a-f-]{36}", lambda n, k: n.role_assignment(k)),
}
GLOBAL = ["vault", "storage", "registry", "endpoint", "instance", "role assignment"]


@pytest.mark.parametrize("kind", RULES)
@given(names=names, key=keys)
def test_azure_takes_it(kind: str, names: Names, key: str) -> None:
    pattern, make = RULES[kind]
    assert re.fullmatch(pattern, make(names, key))


@pytest.mark.parametrize("kind", RULES)
@given(names=names, key=keys)
def test_the_same_again(kind: str, names: Names, key: str) -> None:
    make = RULES[kind][1]
    again = Names(names.subscription.upper(), names.workload, names.environment)
    assert make(names, key) == make(again, key)


@pytest.mark.parametrize("kind", GLOBAL)
@given(one=names, other=names, key=keys)
def test_another_environment_has_another_name(
    kind: str, one: Names, other: Names, key: str
) -> None:
    assume(one != other)
    make = RULES[kind][1]
    assert make(one, key) != make(other, key)


@pytest.mark.parametrize("kind", ["endpoint", "instance", "role assignment"])
@given(names=names, one=keys, other=keys)
def test_another_key_has_another_name(kind: str, names: Names, one: str, other: str) -> None:
    assume(one != other)
    make = RULES[kind][1]
    assert make(names, one) != make(names, other)


@pytest.mark.parametrize("kind", ["vault", "storage", "registry"])
@given(names=names)
def test_the_suffix_stays_whole(kind: str, names: Names) -> None:
    assert RULES[kind][1](names, "").endswith(names.suffix)
    assert len(names.suffix) == SUFFIX_LENGTH


def test_a_suffix_is_never_digits_alone() -> None:
    """Azure refuses an instance that is called `workstation-dev-437346`."""
    names = Names("21140", "bikes", "dev")
    assert names.suffix == "37346o"
    assert names.instance("workstation").endswith("-37346o")


def test_parts_do_not_run_into_each_other() -> None:
    subscription = str(uuid.UUID(int=1))
    assert Names(subscription, "a-b", "cd").suffix != Names(subscription, "a", "b-cd").suffix


def test_long_keys_that_begin_alike_differ() -> None:
    names = Names(str(uuid.UUID(int=1)), "bikes", "dev")
    one, other = (names.instance(f"workstation-of-the-team-{x}") for x in "ab")
    assert one != other


OWN = {"resource_group": "rg-dp100-labs", "workspace": "mlw-dp100-labs"}


def test_a_team_may_have_its_own_names() -> None:
    names = Names(str(uuid.UUID(int=1)), "dp", "lab", OWN)
    assert (names.resource_group, names.workspace) == ("rg-dp100-labs", "mlw-dp100-labs")
    # What is unique in Azure stays by the rules: another team has the same idea.
    assert names.vault == Names(names.subscription, "dp", "lab").vault

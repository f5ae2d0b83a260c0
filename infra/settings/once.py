"""What Azure has only once, and settings ask for twice: an update would fail half-way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from infra.settings.faults import Fault
from infra.settings.foundation import OwnNames
from infra.settings.identity import Access

NAMESPACES = (
    ("storage", "lake"),
    ("workspace_identity", "compute_identity", "endpoint_identity"),
)
"""The settings of `names` whose resources are of one type, and so have different names."""
OWN_DATASTORES = (
    "workspaceblobstore",
    "workspacefilestore",
    "workspaceartifactstore",
    "workspaceworkingdirectory",
)
"""Those that every workspace has, "Use datastores", Microsoft Learn."""


def names(own: OwnNames) -> Iterator[Fault]:
    """Two resources of one type and name."""
    for namespace in NAMESPACES:
        for one, other in combinations(namespace, 2):
            name, taken = getattr(own, other), getattr(own, one)
            if name and taken and name.lower() == taken.lower():
                text = f"{name!r} is names.{one}, too; allowed is another name"
                yield Fault(("names", other), text)


def datastores(given: Mapping[str, object]) -> Iterator[Fault]:
    """Names that the service has given away itself."""
    for key in given:
        if key in OWN_DATASTORES:
            text = (
                "is the name of a datastore that the service makes in every workspace; allowed is "
                "another name"
            )
            yield Fault(("datastores", key), text)


def grants(given: Mapping[str, Access]) -> Iterator[Fault]:
    """The same role for the same principal on the same: Azure knows a grant by these."""
    first: dict[tuple[str, str, str], str] = {}
    for key, access in given.items():
        who = access.principal.lower()
        for number, role in enumerate(access.roles):
            path = ("access", key, "roles", number)
            if role in access.roles[:number]:
                yield Fault(path, f"{role} is there twice; leave one of the two out")
            elif (before := first.setdefault((who, access.scope, role), key)) != key:
                text = (
                    f"access.{before} gives this principal {role} on {access.scope}, too; leave "
                    "one of the two out"
                )
                yield Fault(path, text)
        if access.may_grant:
            # One role, whatever it is bound to.
            before = first.setdefault((who, access.scope, "may_grant"), key)
            if before != key:
                text = (
                    f"access.{before} lets this principal grant on {access.scope}, too; name all "
                    "the roles in one of the two"
                )
                yield Fault(("access", key, "may_grant"), text)

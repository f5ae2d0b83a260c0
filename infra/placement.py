"""What every resource of an environment has in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from infra.settings import Owned
from infra.settings.fields import instant


@dataclass(frozen=True)
class Placement:
    """The group and region that a resource lies in, and its tags."""

    resource_group: pulumi.Input[str]
    location: pulumi.Input[str]
    tags: Mapping[str, str]


def tags(settings: Owned, environment: str) -> dict[str, str]:
    """Passed to each resource one by one: azure-native has no default tags."""
    return {
        **settings.tags,
        "workload": settings.workload,
        "environment": environment,
        "owner": settings.owner,
        "cost-centre": settings.cost_centre,
        **({"expires": instant(settings.expires)} if settings.expires else {}),
    }

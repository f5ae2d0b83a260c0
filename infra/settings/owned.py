"""What every stack says, whatever it holds: whose it is, where it lies, what it may cost."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from infra.settings.faults import FaultsError
from infra.settings.fields import Instant, Region, Section, Uuid, Workload
from infra.settings.governance import Budget
from infra.settings.tags import Tags, TagValue


class Owned(Section):
    """A stack's owner and place."""

    workload: Workload
    """Part of every name."""
    location: Region = "eastus"
    """The Azure region."""
    owner: TagValue
    """Who is asked about it; a tag of every resource."""
    cost_centre: TagValue
    """Who pays for it; a tag of every resource."""
    tags: Tags = {}
    """More tags for every resource."""
    subscription: Uuid | None = None
    """The only subscription to go to, also in a sandbox with it; None: whichever is logged in."""
    protection: bool = False
    """Locks on what holds data, and the stateful resources protected in Pulumi."""
    expires: Instant | None = None
    """When a short-lived environment may be removed; `amlops up ENV --ttl` writes it."""
    diagnostics: bool = True
    """Whether every resource that can sends its logs and metrics to Log Analytics."""
    budget: Budget | None = None

    @model_validator(mode="after")
    def _short_lived(self) -> Self:
        if self.expires and self.protection:
            raise FaultsError.at("expires", "'protection' is set too; allowed is one of the two")
        return self

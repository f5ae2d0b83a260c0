"""Settings of a registry stack: models, environments and components for many workspaces."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.settings import once
from infra.settings.faults import FaultsError
from infra.settings.fields import AccessName, Region
from infra.settings.foundation import LogAnalytics
from infra.settings.identity import Access
from infra.settings.owned import Owned


class RegistryStack(Owned):
    """Everything a stack file may say under `amlops:settings` whose `kind` is registry."""

    kind: Literal["registry"]
    """`registry`: a stack that is none is an environment."""
    regions: list[Region] = []
    """Where it has its copies, beside `location`: workspaces in these regions can use it."""
    redundancy: Literal["LRS", "ZRS", "GRS"] = "LRS"
    """Of the storage account in each region."""
    public_access: bool = True
    """Whether it is reached from anywhere; off: through private endpoints only."""
    description: Annotated[str, Field(max_length=256)] = ""
    """Becomes a tag: a registry has no description."""
    logs: LogAnalytics = LogAnalytics()
    access: dict[AccessName, Access] = {}

    @property
    def everywhere(self) -> list[str]:
        """Its regions, the first one its own."""
        return list(dict.fromkeys([self.location, *self.regions]))

    @model_validator(mode="after")
    def _on_the_group(self) -> Self:
        for key, access in self.access.items():
            if access.scope != "resource_group":
                raise FaultsError.at(
                    f"access.{key}.scope", f"is {access.scope}; allowed here is resource_group"
                )
        return self

    @model_validator(mode="after")
    def _once(self) -> Self:
        if twice := list(once.grants(self.access)):
            raise FaultsError(twice)
        return self

    @model_validator(mode="after")
    def _sent(self) -> Self:
        if not self.diagnostics and "logs" in self.model_fields_set:
            raise FaultsError.at("logs", "nothing goes there with diagnostics: off; leave it out")
        return self

    @model_validator(mode="after")
    def _told(self) -> Self:
        if self.budget and not self.budget.emails:
            raise FaultsError.at("budget", "tells nobody; give it emails")
        return self

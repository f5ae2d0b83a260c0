"""Settings of who may do what."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.settings.fields import Role, Section, Uuid

DELEGATE = "Role Based Access Control Administrator"
"""The role of those who `may_grant`; a condition holds it to the roles named there."""


class Access(Section):
    """What a group, person or service principal may do."""

    principal: Uuid
    """Object id in Entra."""
    type: Literal["Group", "User", "ServicePrincipal"] = "Group"
    """What the principal is."""
    roles: list[Role] = []
    """What it may do: Azure's roles by their names, or ours."""
    scope: Literal["resource_group", "workspace", "storage", "vault"] = "resource_group"
    """What the roles are given on: the whole environment, or one resource of it."""
    may_grant: list[Role] = []
    """Roles that these may give to others there, and take away again."""
    why: Annotated[str, Field(max_length=1000)] = ""
    """The reason, shown in Azure beside each of the grants."""

    @property
    def named(self) -> list[str]:
        """Every role that it speaks of."""
        return [*self.roles, *self.may_grant]

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.roles and not self.may_grant:
            raise ValueError("grants nothing; give it roles or may_grant")
        if DELEGATE in self.may_grant:
            raise ValueError(f"may_grant: {DELEGATE} can be given without bounds; leave it out")
        if DELEGATE in self.roles:
            raise ValueError(f"roles: {DELEGATE} without bounds; name the roles in may_grant")
        return self

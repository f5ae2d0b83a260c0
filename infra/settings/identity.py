"""Settings of who may do what."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from infra.settings.fields import Role, Section, Uuid


class Access(Section):
    """What a group, person or service principal may do in the environment's resource group."""

    principal: Uuid
    type: Literal["Group", "User", "ServicePrincipal"] = "Group"
    roles: Annotated[list[Role], Field(min_length=1)]

"""Settings of online endpoints."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from infra.settings.fields import Section


class Endpoint(Section):
    """An online endpoint; its deployments and its traffic belong to `amlops deploy`."""

    auth: Literal["key", "aml_token", "aad_token"] = "key"
    public_access: bool = True
    description: Annotated[str, Field(max_length=1000)] = ""

"""Settings of the workspace and of what it stands on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from infra.settings.fields import Section


class Storage(Section):
    """The workspace's storage account."""

    redundancy: Literal["LRS", "ZRS", "GRS", "RAGRS", "GZRS", "RAGZRS"] = "LRS"
    shared_keys: bool = False
    """Whether account keys open it; off: the workspace reaches it by identity."""


class Vault(Section):
    """The workspace's Key Vault."""

    soft_delete_days: Annotated[int, Field(ge=7, le=90)] = 7
    purge_protection: bool = False
    """Cannot be switched off again: a deleted vault blocks its name until its days are over."""


class Workspace(Section):
    """The Azure Machine Learning workspace."""

    description: Annotated[str, Field(max_length=1000)] = ""
    public_access: bool = True


class Logs(Section):
    """Log Analytics, which Application Insights writes to."""

    retention_days: Annotated[int, Field(ge=30, le=730)] = 30

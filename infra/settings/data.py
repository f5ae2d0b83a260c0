"""Settings of the data that a workspace refers to."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from infra.settings.fields import ContainerName, Section


class Datastore(Section):
    """A blob container of the workspace's storage account, reached by identity, without a key."""

    container: ContainerName = "data"
    description: Annotated[str, Field(max_length=1000)] = ""

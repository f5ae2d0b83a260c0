"""Settings of online and batch endpoints."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.settings.compute_fields import AttachedName
from infra.settings.fields import Section
from infra.settings.tags import Tags


class Endpoint(Section):
    """An online endpoint; its deployments and its traffic belong to `amlops deploy`."""

    auth: Literal["key", "aml_token", "aad_token"] = "key"
    """What callers prove who they are with: a key, a token of the service's, a token of
    Entra's."""
    identity: Literal["shared", "own"] = "shared"
    """shared: the environment's for endpoints; own: one that Azure makes and takes away with it."""
    public_access: bool | None = None
    """Whether it is reached from anywhere; None: only where the network's mode is public."""
    compute: AttachedName | None = None
    """The Kubernetes cluster that it runs on, as under `kubernetes`; None: machines of Azure's."""
    description: Annotated[str, Field(max_length=1000)] = ""
    """Shown in the studio."""
    tags: Tags = {}
    """More tags, of this endpoint alone."""

    @model_validator(mode="after")
    def _on_kubernetes(self) -> Self:
        if not self.compute:
            return self
        if self.public_access is not None:
            raise ValueError("public_access is the cluster's where compute is given; leave it out")
        if self.auth == "aad_token":
            raise ValueError("auth aad_token; allowed with compute are key and aml_token")
        return self


class BatchEndpoint(Section):
    """A batch endpoint; its deployments, and which of them is the default, belong to others."""

    description: Annotated[str, Field(max_length=1000)] = ""
    """Shown in the studio."""
    tags: Tags = {}
    """More tags, of this endpoint alone."""

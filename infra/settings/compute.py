"""Settings of compute instances and clusters."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.settings.fields import ClusterIdle, InstanceIdle, Section, Size, Uuid


class Instance(Section):
    """A compute instance: one person's workstation."""

    size: Size = "Standard_DS11_v2"
    idle: InstanceIdle = timedelta(minutes=30)
    """Idle time after which it shuts down."""
    assigned_user: Uuid | None = None
    """Object id of the person it is for; None: whoever creates it."""
    public_ip: bool = True
    """A public address on the node; without one the service wants a virtual network."""


class Cluster(Section):
    """A compute cluster: nodes on demand."""

    size: Size = "Standard_DS3_v2"
    min: Annotated[int, Field(ge=0, le=100)] = 0
    max: Annotated[int, Field(ge=1, le=100)] = 2
    idle: ClusterIdle = timedelta(minutes=2)
    """Idle time after which a node goes."""
    priority: Literal["dedicated", "low"] = "dedicated"
    public_ip: bool = True
    """A public address on each node; without one the service wants a virtual network."""

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}; allowed is min ≤ max")
        return self

"""Settings of compute instances and clusters."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from infra.settings.azure_ids import SubnetId
from infra.settings.compute_fields import (
    ROOT,
    CronExpression,
    PublicKey,
    RepositoryFile,
    ScheduleName,
    ScriptTimeout,
    TimeOfDay,
    TimeZone,
    UserName,
)
from infra.settings.fields import ClusterIdle, InstanceIdle, Section, Size, Uuid

ComputeIdentity = Literal["user", "system", "none"]
"""user: the environment's identity of computes; system: one of its own; none: no identity."""

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Script(Section):
    """A shell script that an instance runs: a file of this repository, or the text itself."""

    file: RepositoryFile | None = None
    """Path from the root of the repository."""
    text: Annotated[str, Field(min_length=1)] | None = None
    """The script itself, instead of a file."""
    arguments: Annotated[str, Field(max_length=2000)] = ""
    """What it is called with."""
    timeout: ScriptTimeout = timedelta(minutes=15)
    """Time after which it has failed."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.file) == bool(self.text):
            raise ValueError("give either 'file' or 'text'; allowed is one of the two")
        return self

    @property
    def data(self) -> str:
        """What it says, in base64: so the service wants a script that comes with the request."""
        content = (ROOT / self.file).read_bytes() if self.file else (self.text or "").encode()
        return base64.b64encode(content).decode()


class Setup(Section):
    """Scripts of an instance."""

    creation: Script | None = None
    """Runs once, when the instance is made."""
    start: Script | None = None
    """Runs at every start."""


class PowerSchedule(Section):
    """When an instance starts or stops by itself: by `cron`, or `every` day, week or month."""

    action: Literal["start", "stop"]
    """What happens then."""
    cron: CronExpression | None = None
    """Minute, hour, day, month, day of the week."""
    every: Literal["day", "week", "month"] | None = None
    """Instead of `cron`: how often."""
    interval: Annotated[int, Field(ge=1, le=1000)] = 1
    """Every so many days, weeks or months."""
    at: TimeOfDay | None = None
    """The time of day that goes with `every`."""
    weekdays: list[Weekday] = []
    """On which days of a week."""
    month_days: list[Annotated[int, Field(ge=1, le=31)]] = []
    """On which days of a month."""
    time_zone: TimeZone = "UTC"
    """By Windows' names, as in infra/time-zones.yaml."""
    enabled: bool = True
    """Whether it is in force."""

    @model_validator(mode="after")
    def _one_trigger(self) -> Self:
        if bool(self.cron) == bool(self.every):
            raise ValueError("give either 'cron' or 'every'; allowed is one of the two")
        if self.cron:
            for name in ("interval", "at", "weekdays", "month_days"):
                if getattr(self, name) != type(self).model_fields[name].default:
                    raise ValueError(f"'{name}' goes with 'every', not with 'cron'")
            return self
        if self.at is None:
            raise ValueError("'every' needs a time of day: at, as \"18:30\"")
        for name, needed in (("weekdays", "week"), ("month_days", "month")):
            if bool(getattr(self, name)) != (self.every == needed):
                raise ValueError(f"'{name}' goes with every: {needed}, and only with it")
        return self


class InstanceSsh(Section):
    """Access to an instance by SSH: user and port are the service's."""

    public_key: PublicKey
    """The text of the `.pub` file."""


class Instance(Section):
    """A compute instance: one person's workstation."""

    size: Size = "Standard_DS11_v2"
    """Of the machine."""
    idle: InstanceIdle = timedelta(minutes=30)
    """Idle time after which it shuts down."""
    assigned_user: Uuid | None = None
    """Object id of the person it is for; None: whoever creates it."""
    applications: Literal["personal", "shared"] = "personal"
    """Who may open its Jupyter and other applications: its person, or all of the workspace."""
    identity: ComputeIdentity = "user"
    """What it acts as: the environment's identity of computes, one of its own, nothing."""
    ssh: InstanceSsh | None = None
    subnet: SubnetId | None = None
    """Id of the subnet that it lies in; None: the network mode decides."""
    public_ip: bool | None = None
    """A public address on the node; None: the network mode decides."""
    setup: Setup = Setup()
    schedules: Annotated[dict[ScheduleName, PowerSchedule], Field(max_length=4)] = {}
    """When it starts and stops by itself; the service takes four."""


class ClusterSsh(Section):
    """Access to a cluster's nodes by SSH."""

    user: UserName = "azureuser"
    """Who logs in."""
    public_key: PublicKey
    """The text of the `.pub` file."""


class Cluster(Section):
    """A compute cluster: nodes on demand."""

    size: Size = "Standard_DS3_v2"
    """Of each node."""
    min: Annotated[int, Field(ge=0, le=100)] = 0
    """Nodes that are always there, and always cost."""
    max: Annotated[int, Field(ge=1, le=100, validate_default=True)] = 2
    """Nodes that there may be at once."""
    idle: ClusterIdle = timedelta(minutes=2)
    """Idle time after which a node goes."""
    priority: Literal["dedicated", "low"] = "dedicated"
    """low: cheaper, and Azure may take nodes away at any time."""
    identity: ComputeIdentity = "user"
    """What jobs act as: the environment's identity of computes, one of the cluster's own,
    nothing."""
    ssh: ClusterSsh | None = None
    subnet: SubnetId | None = None
    """Id of the subnet that nodes lie in; None: the network mode decides."""
    public_ip: bool | None = None
    """A public address on each node; None: the network mode decides."""
    isolated: bool = False
    """Whether the nodes lie in a network of their own, isolated from others."""

    @field_validator("max", mode="after")
    @classmethod
    def _bounds(cls, value: int, other: ValidationInfo) -> int:
        """Of `max` alone, so that it is told beside mistakes elsewhere in the cluster."""
        low = other.data.get("min", value)
        if low > value:
            raise ValueError(f"min {low} is above max {value}; allowed is min ≤ max")
        return value

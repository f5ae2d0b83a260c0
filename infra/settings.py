"""The settings of a stack, `amlops:settings` in its file, checked before anything is planned.

`python -m infra.settings dev` prints the effective settings of the stack `dev` as JSON, or the one
error and exit code 1. Nothing here imports Pulumi, so that a check takes no engine.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

ROOT = Path(__file__).parent.parent
KEY = "amlops:settings"

UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class SettingsError(Exception):
    """One message for a person: the file, the path in it, what is wrong and what is allowed."""


@cache
def table(name: str) -> Any:
    """A YAML table that lies beside this module."""
    return yaml.safe_load((Path(__file__).parent / name).read_text())


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"(\d{1,4})([mhd])", value) if isinstance(value, str) else None
    if not match:
        raise ValueError("write minutes, hours or days, as 30m, 2h or 1d")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def _within(low: timedelta, high: timedelta, text: str) -> AfterValidator:
    def check(value: timedelta) -> timedelta:
        if not low <= value <= high:
            raise ValueError(f"allowed is {text}")
        return value

    return AfterValidator(check)


def iso8601(value: timedelta) -> str:
    """As Azure writes it: PT30M, PT2H, P1D, P1DT12H."""
    minutes = int(value.total_seconds()) // 60
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    return "P" + (f"{days}D" if days else "") + (f"T{clock}" if clock or not days else "")


def _known_size(value: str) -> str:
    if value not in table("vm-sizes.yaml"):
        allowed = ", ".join(table("vm-sizes.yaml"))
        raise ValueError(f"not in infra/vm-sizes.yaml; allowed are {allowed}")
    return value


def _known_region(value: str) -> str:
    if value not in table("regions.yaml"):
        allowed = ", ".join(table("regions.yaml"))
        raise ValueError(f"not in infra/regions.yaml; allowed are {allowed}")
    return value


def _known_role(value: str) -> str:
    if value not in table("roles.yaml"):
        allowed = ", ".join(table("roles.yaml"))
        raise ValueError(f"not in infra/roles.yaml; allowed are {allowed}")
    return value


def _on(value: object) -> object:
    """YAML 1.1 reads a bare `on` as true; Pulumi's own reader does not."""
    return "on" if value is True else value


def _name(pattern: str, text: str, low: int, high: int) -> AfterValidator:
    def check(value: str) -> str:
        if not low <= len(value) <= high:
            raise ValueError(f"has {len(value)} characters; allowed are {low} to {high}")
        if not re.fullmatch(pattern, value):
            raise ValueError(f"allowed are {text}")
        return value

    return AfterValidator(check)


KEBAB = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
KEBAB_TEXT = "lower-case letters, digits and single hyphens, a letter first"

Workload = Annotated[str, _name(KEBAB, KEBAB_TEXT, 2, 16)]
Environment = Annotated[str, _name(KEBAB, KEBAB_TEXT, 2, 10)]
ClusterName = Annotated[str, _name(KEBAB, KEBAB_TEXT, 2, 32)]
InstanceName = Annotated[str, _name(KEBAB, KEBAB_TEXT, 2, 24)]
EndpointName = Annotated[str, _name(KEBAB, KEBAB_TEXT, 3, 32)]
AccessName = Annotated[str, _name(KEBAB, KEBAB_TEXT, 2, 32)]
DatastoreName = Annotated[
    str, _name(r"[a-z][a-z0-9_]*", "lower-case letters, digits and _, a letter first", 2, 63)
]
ContainerName = Annotated[str, _name(KEBAB, KEBAB_TEXT, 3, 63)]
Size = Annotated[str, AfterValidator(_known_size)]
Region = Annotated[str, AfterValidator(_known_region)]
Role = Annotated[str, AfterValidator(_known_role)]
Uuid = Annotated[
    str,
    _name(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", "the digits of a UUID", 36, 36),
]
TagValue = Annotated[str, Field(min_length=1, max_length=256)]
Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(iso8601),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,4}[mhd]$"}),
]
InstanceIdle = Annotated[
    Duration, _within(timedelta(minutes=15), timedelta(days=3), "15m to 3d, the service's bounds")
]
ClusterIdle = Annotated[Duration, _within(timedelta(minutes=1), timedelta(days=1), "1m to 1d")]


class Section(BaseModel):
    """A part of the settings: refuses what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class Endpoint(Section):
    """An online endpoint; its deployments and its traffic belong to `amlops deploy`."""

    auth: Literal["key", "aml_token", "aad_token"] = "key"
    public_access: bool = True
    description: Annotated[str, Field(max_length=1000)] = ""


class Datastore(Section):
    """A blob container of the workspace's storage account, reached by identity, without a key."""

    container: ContainerName = "data"
    description: Annotated[str, Field(max_length=1000)] = ""


class Access(Section):
    """What a group, person or service principal may do in the environment's resource group."""

    principal: Uuid
    type: Literal["Group", "User", "ServicePrincipal"] = "Group"
    roles: Annotated[list[Role], Field(min_length=1)]


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


class Settings(Section):
    """Everything a stack file may say under `amlops:settings`."""

    workload: Workload
    location: Region = "eastus"
    owner: TagValue
    cost_centre: TagValue
    tags: dict[Annotated[str, Field(min_length=1, max_length=512)], TagValue] = {}
    """More tags for every resource."""
    subscription: Uuid | None = None
    """The only subscription that this stack may go to on azure; None: whichever is logged in."""
    protection: bool = False
    """A lock on the resource group, and the stateful resources protected in Pulumi."""
    registry: Annotated[Literal["lazy", "on"], BeforeValidator(_on)] = "lazy"
    """lazy: the service makes a container registry when the first image needs one."""
    logs: Logs = Logs()
    storage: Storage = Storage()
    vault: Vault = Vault()
    workspace: Workspace = Workspace()
    datastores: dict[DatastoreName, Datastore] = {"data": Datastore()}
    instances: dict[InstanceName, Instance] = {}
    clusters: dict[ClusterName, Cluster] = {"cpu-cluster": Cluster()}
    endpoints: dict[EndpointName, Endpoint] = {}
    access: dict[AccessName, Access] = {}

    @model_validator(mode="after")
    def _computes(self) -> Self:
        both = sorted(self.instances.keys() & self.clusters.keys())
        if both:
            raise ValueError(f"{both[0]} is an instance and a cluster; allowed is one of the two")
        return self


def parse(data: object, file: str) -> Settings:
    """The settings out of what `amlops:settings` holds in `file`; raises SettingsError."""
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        raise SettingsError(_message(error, file)) from None


def check_environment(name: str, file: str) -> str:
    """The stack's name, which is part of every resource's name; raises SettingsError."""
    try:
        return _EnvironmentName(name=name).name
    except ValidationError as error:
        text = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{file}: stack name {name!r}: {text}") from None


def load(environment: str, root: Path = ROOT) -> Settings:
    """The settings of a stack from its file; raises SettingsError."""
    path = root / "stacks" / f"Pulumi.{environment}.yaml"
    file = str(path.relative_to(root))
    check_environment(environment, file)
    try:
        content = yaml.safe_load(path.read_text()) or {}
    except FileNotFoundError:
        known = sorted(p.name.split(".")[1] for p in path.parent.glob("Pulumi.*.yaml"))
        raise SettingsError(f"{file}: no such stack; there are {', '.join(known)}") from None
    except yaml.YAMLError as error:
        place = " ".join(str(error).split())
        raise SettingsError(f"{file}: not valid YAML: {place}") from None
    config = content.get("config", {}) if isinstance(content, Mapping) else None
    if not isinstance(config, Mapping):
        raise SettingsError(f"{file}: config: expected keys such as {KEY}")
    unknown = [key for key in config if str(key).startswith("amlops:") and key != KEY]
    if unknown:
        raise SettingsError(f"{file}: {unknown[0]}: unknown; allowed is {KEY}")
    return parse(config.get(KEY), file)


class _EnvironmentName(Section):
    name: Environment


def _message(error: ValidationError, file: str) -> str:
    """The first error, the others counted: one line for a person to mend and run again."""
    errors = error.errors(include_url=False)
    first = errors[0]
    path = ".".join([KEY, *(str(part) for part in first["loc"] if part != "[key]")])
    text = _text(first["type"], first["msg"], dict(first.get("ctx", {})), first["input"])
    if first["type"] == "extra_forbidden":
        section = _section(first["loc"][:-1])
        text = f"unknown; allowed are {', '.join(section.model_fields)}"
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{file}: {path}: {text}{more}"


def _text(kind: str, message: str, context: dict[str, Any], value: object) -> str:
    match kind:
        case "missing":
            return "missing; give it a value"
        case "greater_than_equal":
            return f"{value!r} is too small; allowed is {context['ge']} or more"
        case "less_than_equal":
            return f"{value!r} is too large; allowed is {context['le']} or less"
        case "literal_error":
            return f"{value!r}; allowed are {context['expected']}"
        case "model_type":
            return f"expected keys with values, not {value!r}"
        case "value_error" if isinstance(value, str):
            return f"{value!r}: {context['error']}"
        case "value_error":
            return str(context["error"])
        case _:
            return f"{value!r}: {message}"


def _section(location: tuple[int | str, ...]) -> type[Section]:
    """The section at a path: names of fields, or keys of the maps in between."""
    section: type[Section] = Settings
    for part in location:
        field = section.model_fields.get(str(part))
        if field is None:
            continue
        candidates = (field.annotation, *getattr(field.annotation, "__args__", ()))
        for candidate in candidates:
            if isinstance(candidate, type) and issubclass(candidate, Section):
                section = candidate
    return section


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m infra.settings ENVIRONMENT", file=sys.stderr)
        return 2
    try:
        print(load(arguments[0]).model_dump_json(indent=2))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The kinds of value that settings have: names, sizes, times; and what a part of them is.

A value that is not allowed raises ValueError with what is allowed; `messages` adds where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import core_schema

from infra.settings.faults import did_you_mean

IN_WORDS = "patternErrorMessage"
"""The key of a JSON schema by which editors say what is allowed, instead of the pattern."""
FEW = 8
"""Of a table's names, those that are shown where none is near."""
SWITCH = {"on": True, "off": False}
UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@cache
def table(name: str) -> Any:
    """A YAML table that lies in `infra/`."""
    return yaml.safe_load((Path(__file__).parent.parent / name).read_text())


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"(\d{1,4})([mhd])", value) if isinstance(value, str) else None
    if not match:
        raise ValueError("write minutes, hours or days, as 30m, 2h or 1d")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


@dataclass(frozen=True, eq=False)
class Checked:
    """A check after Pydantic's own, and as much of it as a JSON schema can say."""

    check: Callable[[Any], Any]
    schema: Mapping[str, Any]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), **self.schema}


AS_TEXT = BeforeValidator(lambda value: str(value) if type(value) in (int, float) else value)
"""Of texts that look like numbers, so that nobody has to think of quotes."""
NUMBER_TOO = {"type": ["string", "number"]}
"""The same in a JSON schema."""


def within(low: timedelta, high: timedelta, text: str) -> Checked:
    def check(value: timedelta) -> timedelta:
        if not low <= value <= high:
            raise ValueError(f"allowed is {text}")
        return value

    return Checked(check, {IN_WORDS: text})


def written(value: timedelta) -> str:
    """As one writes it into a stack file, in the largest unit that fits: 30m, 2h, 1d."""
    minutes = int(value.total_seconds()) // 60
    for unit, length in (("d", 1440), ("h", 60)):
        if minutes and minutes % length == 0:
            return f"{minutes // length}{unit}"
    return f"{minutes}m"


def iso8601(value: timedelta) -> str:
    """As Azure writes it: PT30M, PT2H, P1D, P1DT12H."""
    minutes = int(value.total_seconds()) // 60
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    return "P" + (f"{days}D" if days else "") + (f"T{clock}" if clock or not days else "")


def _instant(value: object) -> object:
    if isinstance(value, datetime) and value.tzinfo:
        return value
    # Without quotes it is a time to Pulumi, which passes on how Go prints one.
    for pattern in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S +0000 UTC"):
        with suppress(ValueError):
            return datetime.strptime(str(value), pattern).replace(tzinfo=UTC)
    raise ValueError("write a time in UTC, as 2026-11-24T10:00:00Z")


def instant(value: datetime) -> str:
    """As it is written in a stack file and in a tag: 2026-11-24T10:00:00Z."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def known(*names: str) -> Checked:
    """Only what is in one of these tables of `infra/`."""
    allowed = [entry for name in names for entry in table(name)]

    def check(value: str) -> str:
        if value not in allowed:
            tables = " nor ".join(f"infra/{name}" for name in names)
            near = did_you_mean(value, allowed)
            some = f"; allowed are {', '.join(allowed[:FEW])}"
            raise ValueError(
                f"not in {tables}{near or some}{', …' if not near and allowed[FEW:] else ''}"
            )
        return value

    tables = " and ".join(f"infra/{name}" for name in names)
    return Checked(check, {"enum": allowed, IN_WORDS: f"those of {tables}"})


def named(pattern: str, text: str, low: int, high: int) -> Checked:
    """A text of `low` to `high` characters that matches as a whole; `text` says it in words."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            one = text.startswith(("a ", "an ", "one "))
            raise ValueError(f"allowed {'is' if one else 'are'} {text}")
        if not low <= len(value) <= high:
            characters = "1 character" if len(value) == 1 else f"{len(value)} characters"
            raise ValueError(f"has {characters}; allowed are {low} to {high}")
        return value

    said = {"pattern": f"^(?:{pattern})$", "minLength": low, "maxLength": high, IN_WORDS: text}
    return Checked(check, said)


KEBAB = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
KEBAB_TEXT = "lower-case letters, digits and single hyphens, a letter first and no hyphen last"

Workload = Annotated[str, named(KEBAB, KEBAB_TEXT, 2, 16)]
Environment = Annotated[str, named(KEBAB, KEBAB_TEXT, 2, 10)]
ClusterName = Annotated[str, named(KEBAB, KEBAB_TEXT, 2, 32)]
InstanceName = Annotated[str, named(KEBAB, KEBAB_TEXT, 2, 24)]
ConnectionName = Annotated[str, named(KEBAB, KEBAB_TEXT, 3, 33)]
EndpointName = Annotated[str, named(KEBAB, KEBAB_TEXT, 3, 32)]
AccessName = Annotated[str, named(KEBAB, KEBAB_TEXT, 2, 32)]
DatastoreName = Annotated[
    str, named(r"[a-z][a-z0-9_]*", "lower-case letters, digits and _, a letter first", 2, 63)
]
ContainerName = Annotated[str, named(KEBAB, KEBAB_TEXT, 3, 63)]
Size = Annotated[str, known("vm-sizes.yaml")]
Region = Annotated[str, known("regions.yaml")]
Role = Annotated[str, known("roles.yaml", "role-definitions.yaml")]
Uuid = Annotated[
    str,
    named(
        r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
        "a UUID, as 0f0e0d0c-0b0a-4908-8706-050403020100",
        36,
        36,
    ),
]
Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(written),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,4}[mhd]$", IN_WORDS: "as 30m, 2h, 1d"}),
]
Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    PlainSerializer(instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
InstanceIdle = Annotated[
    Duration, within(timedelta(minutes=15), timedelta(days=3), "15m to 3d, the service's bounds")
]
ClusterIdle = Annotated[Duration, within(timedelta(minutes=1), timedelta(days=1), "1m to 1d")]


class Section(BaseModel):
    """A part of the settings: refuses what it does not know, and takes no value for one of another
    kind: neither `1` for a truth nor `true` or `"1"` for a number.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _switches(cls, data: object) -> object:
        """Takes on and off, which are texts in YAML 1.2, where a truth is asked for."""
        if not isinstance(data, Mapping):
            return data
        fields = cls.model_fields
        return {
            key: SWITCH[value]
            if isinstance(value, str) and value in SWITCH and _is_switch(fields.get(key))
            else value
            for key, value in data.items()
        }


def _is_switch(field: FieldInfo | None) -> bool:
    return field is not None and field.annotation in (bool, bool | None)

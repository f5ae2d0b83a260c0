"""The kinds of value that only settings of computes have: keys, users, scripts, times of day."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from infra.settings.fields import KEBAB, KEBAB_TEXT, Duration, named, table, within

ROOT = Path(__file__).parent.parent.parent
_KEY_KINDS = ("ssh-rsa", "ssh-ed25519")
# Of user names on Linux machines: "frequently asked questions about Linux virtual machines".
_RESERVED = ("admin", "administrator", "guest", "root", "test", "user", "user1")
_CRON_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_CRON_NAMES = ("minute", "hour", "day of the month", "month", "day of the week")


def _public_key(value: str) -> str:
    """As in `id_rsa.pub`: kind, base64 that begins with the kind again, a comment."""
    if "PRIVATE KEY" in value:
        raise ValueError("this is a private key, which must never stand here; give the .pub file's")
    kind, _, rest = value.strip().partition(" ")
    try:
        data = base64.b64decode(rest.split(" ")[0], validate=True)
    except ValueError:
        data = b""
    if kind not in _KEY_KINDS or data[4 : 4 + len(kind)] != kind.encode():
        raise ValueError(f"allowed is the text of a .pub file: {' or '.join(_KEY_KINDS)} and a key")
    return value.strip()


def _user_name(value: str) -> str:
    if value in _RESERVED:
        raise ValueError(f"reserved, as are {', '.join(_RESERVED)}; choose another")
    return value


def _repository_file(value: str) -> str:
    path = (ROOT / value).resolve()
    if not path.is_relative_to(ROOT.resolve()) or not path.is_file():
        raise ValueError("no such file in this repository; allowed is a path from its root")
    return value


def _time_zone(value: str) -> str:
    if value not in table("time-zones.yaml"):
        raise ValueError(
            "not in infra/time-zones.yaml; allowed are Windows' names, such as UTC, "
            "Korea Standard Time or W. Europe Standard Time"
        )
    return value


def _cron(value: str) -> str:
    """Five fields of numbers, `*`, lists, ranges and steps."""
    fields = value.split()
    if len(fields) != len(_CRON_BOUNDS):
        raise ValueError("allowed are five fields: minute, hour, day, month, day of the week")
    for field, name, (low, high) in zip(fields, _CRON_NAMES, _CRON_BOUNDS, strict=True):
        for part in field.split(","):
            match = re.fullmatch(r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/([1-9]\d?))?", part)
            if not match:
                raise ValueError(f"{name} {part!r}: allowed are *, numbers, 1-5, 1,3 and */2")
            numbers = [int(number) for number in match.groups()[:2] if number]
            if any(not low <= number <= high for number in numbers) or numbers != sorted(numbers):
                raise ValueError(f"{name} {part!r}: allowed are {low} to {high}")
    return value


PublicKey = Annotated[str, AfterValidator(_public_key)]
UserName = Annotated[
    str,
    named(r"[a-z][a-z0-9_-]*", "lower-case letters, digits, - and _, a letter first", 1, 32),
    AfterValidator(_user_name),
]
RepositoryFile = Annotated[str, AfterValidator(_repository_file)]
CronExpression = Annotated[str, AfterValidator(_cron)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
TimeOfDay = Annotated[
    str, named(r"([01]\d|2[0-3]):[0-5]\d", 'hours and minutes in quotes, as "18:30"', 1, 8)
]
ScriptTimeout = Annotated[Duration, within(timedelta(minutes=1), timedelta(hours=2), "1m to 2h")]
ScheduleName = Annotated[str, named(KEBAB, KEBAB_TEXT, 2, 32)]
AttachedName = Annotated[str, named(KEBAB, KEBAB_TEXT, 2, 16)]
"""Of a compute that is attached: "Naming rules and restrictions for Azure resources"."""
Port = Annotated[int, Field(ge=1, le=65535)]

"""Durations as Azure writes them: ``PT2M``, ``P1DT12H``."""

from __future__ import annotations

import re
from datetime import timedelta

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?",
    re.IGNORECASE,
)


LONGEST = timedelta(days=36_500)
"""No time that is that far ahead can be told."""


def duration(text: str) -> timedelta:
    """Raises ValueError for what is no duration; months and years have no fixed length."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ValueError(f"'{text}' is not an ISO 8601 duration such as 'PT2M'")
    units = {unit: float(value) for unit, value in match.groupdict().items() if value}
    try:
        found = timedelta(**units)
    except OverflowError:
        found = timedelta.max
    if found > LONGEST:
        raise ValueError(f"'{text}' is longer than a hundred years")
    return found

"""When a schedule of Azure's is due: by cron expression, or every so many days, weeks or months.

Times of day are those of the schedule's zone, which Azure calls as Windows does. An hour that a
change to summer time leaves out does not come; one that comes twice counts once.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

LONGEST = timedelta(days=366 * 8 + 2)
"""How far ahead is looked: two leap days may be eight years apart."""
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PART = re.compile(r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/([1-9]\d?))?")
_CRON = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 6))


@functools.cache
def _zones() -> dict[str, str]:
    text = Path(__file__).with_name("time_zones.yaml").read_text()
    zones: dict[str, str] = yaml.safe_load(text)
    return zones


@dataclass(frozen=True)
class Trigger:
    """The days on which something happens, and the times of each.

    anchor: the day from which intervals are counted. weekdays: Monday is 0. An empty set of days
    stands for every one. either: a day fits if one of two sets holds it, as cron has it.
    """

    zone: ZoneInfo
    times: tuple[time, ...]
    anchor: date
    unit: str = "day"
    interval: int = 1
    months: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    either: bool = False

    def after(self, moment: datetime) -> datetime | None:
        """The next time that is later than `moment`, in UTC; None where there is none in sight."""
        return next(self._from(moment), None)

    def last(self, after: datetime, until: datetime) -> datetime | None:
        """The latest time later than `after` and not later than `until`."""
        found = None
        for due in self._from(after):
            if due > until:
                break
            found = due
        return found

    def _from(self, moment: datetime) -> Iterator[datetime]:
        day = moment.astimezone(self.zone).date()
        for ahead in range(LONGEST.days):
            local = day + timedelta(days=ahead)
            if not self._fits(local):
                continue
            for at in self.times:
                due = datetime.combine(local, at, self.zone).astimezone(UTC)
                exists = due.astimezone(self.zone).time() == at
                if exists and due > moment:
                    yield due

    def _fits(self, day: date) -> bool:
        if day < self.anchor or (self.months and day.month not in self.months):
            return False
        if self._units(day) % self.interval:
            return False
        of_month = day.day in self.month_days
        of_week = day.weekday() in self.weekdays
        if self.either and self.month_days and self.weekdays:
            return of_month or of_week
        return (of_month or not self.month_days) and (of_week or not self.weekdays)

    def _units(self, day: date) -> int:
        """Whole days, weeks or months from the anchor's on."""
        if self.unit == "month":
            return (day.year - self.anchor.year) * 12 + day.month - self.anchor.month
        if self.unit == "week":
            monday = self.anchor - timedelta(days=self.anchor.weekday())
            return (day - monday).days // 7
        return (day - self.anchor).days


def of_cron(given: Mapping[str, Any], created: datetime) -> Trigger:
    """From ``{"expression": …, "timeZone": …, "startTime": …}``. Raises ValueError."""
    zone, anchor = _frame(given, created)
    fields = str(given.get("expression") or "").split()
    if len(fields) != len(_CRON):
        raise ValueError("a cron expression has five fields: minute hour day month weekday")
    values = [
        _field(text, name, low, high) for text, (name, low, high) in zip(fields, _CRON, strict=True)
    ]
    minutes, hours, days, months, weekdays = values
    return Trigger(
        zone,
        tuple(time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes)),
        anchor,
        months=months,
        month_days=frozenset() if fields[2] == "*" else days,
        # Cron counts from Sunday, Python from Monday.
        weekdays=frozenset() if fields[4] == "*" else frozenset((day - 1) % 7 for day in weekdays),
        either=True,
    )


def of_recurrence(given: Mapping[str, Any], created: datetime) -> Trigger:
    """From ``{"frequency": …, "interval": …, "schedule": {"hours": …, …}}``. Raises ValueError."""
    zone, anchor = _frame(given, created)
    unit = str(given.get("frequency") or "").lower()
    if unit not in ("day", "week", "month"):
        raise ValueError("the frequency of a start or a stop is Day, Week or Month")
    interval = given.get("interval") or 1
    if interval < 1:
        raise ValueError("an interval is 1 or more")
    when = given.get("schedule") or {}
    hours, minutes = when.get("hours") or [created.hour], when.get("minutes") or [0]
    if not all(0 <= hour <= 23 for hour in hours) or not all(0 <= one <= 59 for one in minutes):
        raise ValueError("hours are 0 to 23, minutes 0 to 59")
    return Trigger(
        zone,
        tuple(time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes)),
        anchor,
        unit,
        interval,
        month_days=frozenset(when.get("monthDays") or ()),
        weekdays=frozenset(_WEEKDAYS.index(day.lower()) for day in when.get("weekDays") or ()),
    )


def _frame(given: Mapping[str, Any], created: datetime) -> tuple[ZoneInfo, date]:
    """The zone, and the day in it from which the schedule counts."""
    name = given.get("timeZone") or "UTC"
    if name not in _zones():
        raise ValueError(f"'{name}' is no time zone; write it as Windows does: Korea Standard Time")
    zone = ZoneInfo(_zones()[name])
    start = given.get("startTime")
    if not start:
        return zone, created.astimezone(zone).date()
    try:
        return zone, datetime.fromisoformat(start).date()
    except ValueError:
        raise ValueError(f"'{start}' is no time: write it as 2026-11-23T08:30:00") from None


def _field(text: str, name: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        first, last, step = match.groups() if match else ("", "", "")
        begin = int(first or low)
        end = int(last or (first if first and not step else high))
        if not match or not low <= begin <= end <= high:
            raise ValueError(f"'{part}' is no {name}: {low} to {high}, *, 1-5 or */2")
        found.update(range(begin, end + 1, int(step or 1)))
    return frozenset(found)

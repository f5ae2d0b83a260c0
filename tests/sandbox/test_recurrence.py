"""When schedules are due: cron expressions, recurrences, time zones and their changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.recurrence import of_cron, of_recurrence

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)  # a Monday


def due(text: str, zone: str = "UTC", after: datetime = NOW) -> str:
    found = of_cron({"expression": text, "timeZone": zone}, NOW).after(after)
    assert found
    return f"{found:%a %m-%d %H:%M}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* * * * *", "Mon 11-23 12:01"),
        ("0 12 * * *", "Tue 11-24 12:00"),
        ("*/20 * * * *", "Mon 11-23 12:20"),
        ("5/30 * * * *", "Mon 11-23 12:05"),
        ("0 18 * * 1-5", "Mon 11-23 18:00"),
        ("0 8 * * 0", "Sun 11-29 08:00"),
        ("30 6,7 1 * *", "Tue 12-01 06:30"),
        ("0 0 1 * 3", "Wed 11-25 00:00"),
        ("0 0 29 2 *", "Tue 02-29 00:00"),
    ],
)
def test_cron(text: str, expected: str) -> None:
    assert due(text) == expected


@pytest.mark.parametrize(
    "text", ["", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "5-1 * * * *", "*/0 * * * *"]
)
def test_what_is_no_cron_expression_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"cron expression|is no"):
        of_cron({"expression": text}, NOW)


def test_times_are_those_of_the_zone() -> None:
    assert due("0 19 * * *", "Korea Standard Time") == "Tue 11-24 10:00"
    with pytest.raises(ValueError, match="write it as Windows does"):
        due("0 19 * * *", "Asia/Seoul")


def test_summer_time_skips_an_hour_and_doubles_another() -> None:
    spring = datetime(2027, 3, 27, 12, 0, tzinfo=UTC)
    zone = "W. Europe Standard Time"
    assert due("30 2 * * *", zone, spring) == "Mon 03-29 00:30"  # 02:30 is left out on the 28th
    autumn = datetime(2027, 10, 30, 12, 0, tzinfo=UTC)
    trigger = of_cron({"expression": "30 2 * * *", "timeZone": zone}, NOW)
    first = trigger.after(autumn)
    assert first
    assert trigger.after(first) == first + timedelta(hours=25)


def recurrence(**given: Any) -> datetime | None:
    return of_recurrence(given, NOW).after(NOW)


def test_recurrences() -> None:
    at = {"hours": [8], "minutes": [30]}
    assert recurrence(frequency="Day", interval=1, schedule=at) == NOW + timedelta(hours=20.5)
    week = recurrence(frequency="Week", interval=2, schedule={**at, "weekDays": ["Friday"]})
    assert week == datetime(2026, 11, 27, 8, 30, tzinfo=UTC)
    trigger = of_recurrence(
        {"frequency": "Week", "interval": 2, "schedule": {**at, "weekDays": ["Friday"]}}, NOW
    )
    assert week
    assert trigger.after(week) == week + timedelta(days=14)
    month = recurrence(frequency="Month", interval=1, schedule={**at, "monthDays": [31]})
    assert month == datetime(2026, 12, 31, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "given",
    [
        {"frequency": "Year"},
        {"frequency": "Day", "interval": -1},
        {"frequency": "Day", "schedule": {"hours": [24], "minutes": [0]}},
        {"frequency": "Day", "startTime": "soon"},
    ],
)
def test_what_is_no_recurrence_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        of_recurrence(given, NOW)


def test_nothing_is_due_before_the_start() -> None:
    trigger = of_cron({"expression": "0 0 * * *", "startTime": "2027-01-01T00:00:00"}, NOW)
    assert trigger.after(NOW) == datetime(2027, 1, 1, tzinfo=UTC)


def test_the_last_of_several_is_found() -> None:
    trigger = of_cron({"expression": "0 * * * *"}, NOW)
    until = NOW + timedelta(hours=3, minutes=10)
    assert trigger.last(NOW, until) == NOW + timedelta(hours=3)
    assert trigger.last(until, until + timedelta(minutes=5)) is None

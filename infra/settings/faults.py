"""Mistakes in settings: where each is, and what a person reads about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

KEY = "amlops:settings"
Path = tuple[str | int, ...]
"""Keys, and numbers of items, from the settings' root."""


class Place(NamedTuple):
    """In a file, counted from one, as editors do."""

    line: int
    column: int


@dataclass(frozen=True)
class Fault:
    """One mistake."""

    path: Path
    text: str
    place: Place | None = None


class FaultsError(ValueError):
    """What a check of several settings found, each with its own path below the section."""

    def __init__(self, found: Sequence[Fault]) -> None:
        super().__init__("; ".join(fault.text for fault in found))
        self.found = tuple(found)

    @classmethod
    def at(cls, path: str, text: str) -> FaultsError:
        """One, at a path such as `registry.create`."""
        return cls([Fault(tuple(path.split(".")), text)])


class SettingsError(Exception):
    """One line for each mistake: the file, its line, the path, what is wrong, what is allowed."""

    def __init__(self, file: str, faults: Iterable[Fault]) -> None:
        self.faults = sorted(faults, key=lambda fault: fault.place or (0, 0))
        super().__init__("\n".join(_line(file, fault) for fault in self.faults))


def did_you_mean(value: object, allowed: Iterable[object]) -> str:
    """The nearest of what is allowed, if one is near, as the end of a message."""
    by_case = {str(item).lower(): str(item) for item in allowed}
    near = difflib.get_close_matches(str(value).lower(), by_case, n=1, cutoff=0.7)
    return f"; did you mean '{by_case[near[0]]}'?" if near else ""


def _line(file: str, fault: Fault) -> str:
    place = f":{fault.place.line}:{fault.place.column}" if fault.place else ""
    path = f"{'.'.join(map(str, fault.path))}: " if fault.path else ""
    return f"{file}{place}: {path}{fault.text}"

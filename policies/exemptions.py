"""Exemptions: violations that are let pass until a day, and why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from policies.parameters import FOLDER, PolicyError, checked, load_yaml, place

FILE = FOLDER / "exemptions.yaml"


class Exemption(BaseModel):
    """One entry of `exemptions.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: str
    resource: str = Field(min_length=1)
    stack: str = Field(default="*", min_length=1)
    reason: str = Field(min_length=10)
    expires: date

    @property
    def until(self) -> str:
        """The end of it, and why it is there."""
        return f"Exempt until {self.expires}: {self.reason}"

    def covers(self, resource: str) -> bool:
        return fnmatchcase(resource, self.resource)

    def holds(self, today: date) -> bool:
        return today <= self.expires


def load(rules: Collection[str], file: Path = FILE) -> list[Exemption]:
    """All exemptions; raises PolicyError for one that is malformed or of an unknown rule."""
    entries = load_yaml(file) or []
    if not isinstance(entries, list):
        raise PolicyError(f"{place(file)}: expected a list of exemptions")
    found = []
    for number, entry in enumerate(entries, 1):
        where = f"{place(file)}: exemption {number}"
        exemption = checked(Exemption, entry, where)
        if exemption.rule not in rules:
            raise PolicyError(
                f"{where}: there is no rule '{exemption.rule}'; `amlops policy list` names them"
            )
        found.append(exemption)
    return found


def of_stack(exemptions: Sequence[Exemption], stack: str) -> list[Exemption]:
    return [item for item in exemptions if fnmatchcase(stack, item.stack)]

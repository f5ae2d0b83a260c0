"""The cases of `cases/`: for each rule resources that conform and resources that violate it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from policies.catalogue import Rule, rules

FOLDER = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Declared:
    """One resource of a case."""

    type: str
    name: str
    properties: dict[str, Any]
    protected: bool = False
    refers: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    rule: str
    number: int
    resources: tuple[Declared, ...]
    found: str = ""
    """A part of what is reported; empty where the resources conform."""

    @property
    def name(self) -> str:
        return f"{self.rule}-{'fails' if self.found else 'passes'}-{self.number}"


def load() -> Iterator[Case]:
    for file in sorted(FOLDER.glob("*.yaml")):
        content = yaml.safe_load(file.read_text())
        bases = content.pop("bases", {})
        for id_, entry in content.items():
            rule = rules()[id_]
            for number, given in enumerate(entry["passes"]):
                yield Case(id_, number, _resources(given, rule, bases))
            for number, (given, found) in enumerate(entry["fails"]):
                yield Case(id_, number, _resources(given, rule, bases), found)


def _resources(given: Any, rule: Rule, bases: dict[str, Any]) -> tuple[Declared, ...]:
    several = given if isinstance(given, list) else [given]
    return tuple(_declared(item, rule.metadata.types[0], bases) for item in several)


def _declared(given: dict[str, Any], type_: str, bases: dict[str, Any]) -> Declared:
    rest = dict(given)
    base = bases[rest.pop("base")] if "base" in rest else {}
    type_ = rest.pop("is", type_)
    name = rest.pop("name", "the-resource")
    protected = rest.pop("protected", False)
    refers = rest.pop("refers", {})
    properties: dict[str, Any] = {}
    for path, value in {**base, **rest}.items():
        put(properties, path, copy.deepcopy(value))
    return Declared(type_, name, properties, protected, refers)


def put(properties: dict[str, Any], path: str, value: Any) -> None:
    """Set what a dotted path leads to."""
    *parents, last = path.split(".")
    for parent in parents:
        properties = properties.setdefault(parent, {})
    properties[last] = value


CASES = list(load())
"""Of all rules, in the order of the files."""

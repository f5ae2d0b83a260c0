"""The rules: metadata of `rules/` joined with the functions of `checks/`.

`python -m policies.catalogue [STACK]` prints them as JSON, levels and values as they are for the
stack. Nothing here imports Pulumi, so that reading the rules takes no engine.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from policies import exemptions
from policies.parameters import (
    DEFAULT,
    FOLDER,
    Parameters,
    PolicyError,
    check_environments,
    checked,
    environment_of,
    for_environment,
    load_yaml,
    options,
    place,
)

RULES = FOLDER / "rules"
Level = Literal["mandatory", "advisory", "disabled"]


class Elsewhere(BaseModel):
    """The same rule in other collections, by the ids that it has there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    azure_policy: tuple[str, ...] = Field(default=(), alias="azure-policy")
    psrule: tuple[str, ...] = ()
    checkov: tuple[str, ...] = ()
    trivy: tuple[str, ...] = ()


class Metadata(BaseModel):
    """One entry of a file in `rules/`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    what: str = Field(min_length=1)
    why: str = Field(min_length=1)
    mend: str = Field(min_length=1)
    severity: Literal["low", "medium", "high", "critical"]
    level: dict[str, Level]
    scope: Literal["resource", "stack"] = "resource"
    parameters: tuple[str, ...] = ()
    types: tuple[str, ...] = Field(min_length=1)
    elsewhere: Elsewhere = Elsewhere()

    @field_validator("level", mode="before")
    @classmethod
    def _by_environment(cls, value: object) -> object:
        return {DEFAULT: value} if isinstance(value, str) else value

    @field_validator("parameters")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(names) - set(Parameters.model_fields))
        if unknown:
            raise ValueError(f"there is no '{unknown[0]}' in parameters.yaml")
        return names


@dataclass(frozen=True)
class Rule:
    """`check` takes a `Resource`, with scope stack also the `Stack`, and yields what it found."""

    id: str
    service: str
    metadata: Metadata
    check: Callable[..., Iterator[str]]

    def level(self, stack: str) -> Level:
        level: Level = for_environment(self.metadata.level, environment_of(stack))
        return level


@cache
def rules() -> dict[str, Rule]:
    """By id, in the order of the files; raises PolicyError for an entry that is malformed."""
    found: dict[str, Rule] = {}
    for file in sorted(RULES.glob("*.yaml")):
        for id_, rule in read(file).items():
            if id_ in found:
                raise PolicyError(f"{place(file)}: {id_}: is in {found[id_].service}.yaml too")
            found[id_] = rule
    return found


def read(file: Path) -> dict[str, Rule]:
    """The rules of one file, with the functions of the module of the same name."""
    module = f"policies.checks.{file.stem}"
    try:
        checks = import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise PolicyError(f"{place(file)}: policies/checks/{file.stem}.py is missing") from None
    entries = load_yaml(file)
    if not isinstance(entries, dict):
        raise PolicyError(f"{place(file)}: expected rules by their ids")
    found = {}
    for id_, entry in entries.items():
        where = f"{place(file)}: {id_}"
        metadata = checked(Metadata, entry, where)
        check_environments(metadata.level, f"{where}: level")
        check = getattr(checks, id_.replace("-", "_"), None)
        if check is None:
            raise PolicyError(f"{where}: policies/checks/{file.stem}.py has no function for it")
        found[id_] = Rule(id_, file.stem, metadata, check)
    return found


def document(stack: str = "") -> dict[str, Any]:
    """All that there is to know about the rules, for `amlops policy`. What is wrong with the
    exemptions is its `fault`: it stops a preview, and not the list that one mends it with.
    """
    every, fault = rules(), ""
    try:
        granted = exemptions.load(every)
    except PolicyError as error:
        granted, fault = [], str(error)
    return {
        "environment": environment_of(stack),
        "rules": [
            {
                "id": rule.id,
                "service": rule.service,
                "level": rule.level(stack),
                "levels": rule.metadata.level,
                "values": {name: options()[name] for name in rule.metadata.parameters},
                **rule.metadata.model_dump(
                    mode="json", by_alias=True, exclude={"level", "parameters"}
                ),
            }
            for rule in every.values()
        ],
        "exemptions": [item.model_dump(mode="json") for item in granted],
        "fault": fault,
    }


def main(arguments: list[str]) -> int:
    try:
        print(json.dumps(document(*arguments[:1])))
    except PolicyError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

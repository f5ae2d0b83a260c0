"""What is in effect in a stack, setting by setting, and where each comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from infra.settings.derived import derived
from infra.settings.descriptions import description, split
from infra.settings.faults import KEY, Path
from infra.settings.fields import Section
from infra.settings.source import Source
from infra.settings.stack import Settings

Origin = Literal["file", "default", "derived"]


@dataclass(frozen=True)
class Effective:
    """One setting. `derived`: neither in the file nor the default, so out of other settings."""

    path: Path
    value: Any
    """As one would write it into a stack file."""
    origin: Origin
    line: int | None
    """In the stack file, where it comes from there."""
    meaning: str
    without: str
    """What the program does where nothing is given."""

    def data(self) -> dict[str, Any]:
        return {
            "setting": ".".join(map(str, self.path)),
            "value": self.value,
            "origin": self.origin,
            "line": self.line,
            "meaning": self.meaning,
            "without": self.without,
        }


def effective(settings: Section, source: Source, environment: str) -> list[Effective]:
    """Every setting, sections and maps taken apart, in the order of the models."""
    known = derived(settings, environment) if isinstance(settings, Settings) else {}
    return [
        replace(one, value=known[one.path], origin="derived", line=None)
        if one.value is None and known.get(one.path) is not None
        else one
        for one in _section(settings, (), source, whole=False)
    ]


def _section(section: Section, path: Path, source: Source, whole: bool) -> Iterator[Effective]:
    """`whole`: a section above is not in the file, so that all of this is a default."""
    written = section.model_dump(mode="json")
    for name, field in type(section).model_fields.items():
        here = (*path, name)
        value = getattr(section, name)
        place = source.places.get(("config", KEY, *here))
        below = whole or place is None
        if isinstance(value, Section):
            yield from _section(value, here, source, below)
        elif isinstance(value, Mapping) and any(isinstance(v, Section) for v in value.values()):
            for key, entry in value.items():
                yield from _section(entry, (*here, str(key)), source, below)
        else:
            default = field.get_default(call_default_factory=True)
            origin: Origin = "derived"
            if place:
                origin = "file"
            elif whole or value == default:
                origin = "default"
            line = place.line if place else None
            said = split(description(type(section), name))
            yield Effective(here, written[name], origin, line, *said)

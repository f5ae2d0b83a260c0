"""A stack file as Pulumi reads it, with the place of everything in it.

Pulumi reads YAML 1.2: a bare `on` is a text, `1:30` is no number, a key that stands twice is an
error. PyYAML alone would read 1.1 and take the last of two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from infra.settings.faults import Fault, Path, Place

if TYPE_CHECKING or not yaml.__with_libyaml__:
    from yaml import SafeLoader
else:
    from yaml import CSafeLoader as SafeLoader


@dataclass(frozen=True)
class Source:
    """What a file says, and where; keys that stand twice are faults."""

    data: Any
    places: Mapping[Path, Place] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    def place(self, path: Path) -> Place | None:
        """Of the nearest thing on the way to a path that is there."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return None


def read(text: str) -> Source:
    """Raises `yaml.MarkedYAMLError` where it is no YAML."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return Source(None)
        places: dict[Path, Place] = {}
        faults: list[Fault] = []
        data = _read(loader, node, (), places, faults)
    finally:
        loader.dispose()
    return Source(data, places, tuple(faults))


class _Loader(SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}


def _resolve(tag: str, pattern: str, first: str) -> None:
    """`first`: the characters that such a scalar begins with; none of it is a null, too."""
    begins = [*first, *([""] if tag == "null" else [])]
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), begins)


_resolve("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF")
_resolve("null", r"^(?:~|null|Null|NULL)?$", "~nN")
_resolve("int", r"^[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)$", "-+0123456789")
_resolve("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789")
_resolve("merge", r"^<<$", "<")


def _read(
    loader: Any, node: yaml.Node, path: Path, places: dict[Path, Place], faults: list[Fault]
) -> Any:
    places.setdefault(path, _place(node))
    if isinstance(node, yaml.SequenceNode):
        return [
            _read(loader, item, (*path, n), places, faults) for n, item in enumerate(node.value)
        ]
    if isinstance(node, yaml.MappingNode):
        faults += _twice(node, path)
        loader.flatten_mapping(node)
        result = {}
        for key, value in node.value:
            name = str(key.value)
            places[(*path, name)] = _place(key)
            result[name] = _read(loader, value, (*path, name), places, faults)
        return result
    return _scalar(node)


def _scalar(node: yaml.Node) -> Any:
    text = str(node.value)
    match node.tag.rpartition(":")[2]:
        case "bool":
            return text.lower() == "true"
        case "null":
            return None
        case "int":
            plain = text.replace("_", "")
            try:
                # As Go does: 010 is eight, 0o10 is too.
                return int(re.sub(r"^([-+]?)0(?=\d)", r"\g<1>0o", plain), 0)
            except ValueError:
                return int(plain)
        case "float":
            return float(text)
        case _:
            return text


def _twice(node: yaml.MappingNode, path: Path) -> list[Fault]:
    first: dict[str, Place] = {}
    found = []
    for key, _ in node.value:
        name = str(key.value)
        if name in first and key.tag != "tag:yaml.org,2002:merge":
            text = f"is there twice, first in line {first[name].line}; leave one of the two"
            found.append(Fault((*path, name), text, _place(key)))
        first.setdefault(name, _place(key))
    return found


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)

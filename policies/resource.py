"""What a check looks at: one resource, or all of a stack with what refers to what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from policies.parameters import Parameters

PREFIX = "azure-native:"
"""What the types in `rules/` and in checks leave out."""
_TOKEN = re.compile(r"azure-native(?:_\w+)?:(\w+)(?:/v\w+)?:(\w+)")


def type_of(token: str) -> str:
    """`storage:StorageAccount`, whichever version of the service's API the program asks for:
    `azure-native_storage_v20240101:storage:…` (a local package) and
    `azure-native:storage/v20240101:…` are that, too. Other providers' tokens are left as they are.
    """
    found = _TOKEN.fullmatch(token)
    return f"{found[1]}:{found[2]}" if found else token


@dataclass(frozen=True)
class Resource:
    """One resource, before it is made (its inputs) or in a stack (its outputs)."""

    type: str
    """Such as `storage:StorageAccount`."""
    name: str
    properties: Mapping[str, Any]
    parameters: Parameters
    stack: str = ""
    urn: str = ""
    protected: bool = False
    refers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Of a resource in a stack: the URNs of the resources that a property comes from."""

    def get(self, path: str) -> Any:
        """The value at a dotted path, None where there is none.

        Raises pulumi_policy's UnknownValueError where the value is not known before it is made.
        """
        found: Any = self.properties
        for part in path.split("."):
            if not isinstance(found, Mapping):
                return None
            found = found.get(part)
        return found

    def items(self, path: str) -> Iterator[Any]:
        """What a list at a path holds; nothing where there is no list."""
        found = self.get(path)
        if isinstance(found, Sequence) and not isinstance(found, str):
            yield from found


class Stack:
    """All resources of a stack."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.resources = list(resources)

    def of(self, *types: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.type in types]

    def referring(self, to: Resource, type_: str, *properties: str) -> list[Resource]:
        """Resources of a type of which one of the properties comes from the other resource."""
        return [
            resource
            for resource in self.of(type_)
            if any(to.urn in resource.refers.get(name, ()) for name in properties)
        ]

    def referred(self, by: Resource, property_: str, type_: str) -> list[Resource]:
        """Resources of a type that a property of another one comes from."""
        return [item for item in self.of(type_) if item.urn in by.refers.get(property_, ())]

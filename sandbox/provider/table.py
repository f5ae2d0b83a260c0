"""The resources that the plugin knows (`types/`, columns in `types.yaml`) and their shapes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

COLUMNS = Path(__file__).with_name("types.yaml")
TYPES = Path(__file__).with_name("types")
SHAPES = Path(__file__).with_name("shapes")


class UnknownTypeError(Exception):
    """The program uses a resource type that the table does not have."""


@dataclass(frozen=True)
class Shape:
    """An object type of the SDK: its properties, and the nested types they may refer to."""

    document: dict[str, Any]
    types: dict[str, Any]

    @property
    def properties(self) -> dict[str, Any]:
        found: dict[str, Any] = self.document["properties"]
        return found

    @property
    def required(self) -> list[str]:
        found: list[str] = self.document.get("required", [])
        return found

    def nested(self, kind: Any, value: Any) -> Shape | None:
        """The shape of `value`, whose declared type is `kind`; None when anything goes.

        Of several possible types the one whose constants fit is taken, so a compute of type
        `AmlCompute` is read as one.
        """
        if not isinstance(kind, dict):
            return None
        names = [kind["type"]] if "type" in kind else kind.get("oneOf", [])
        given = value if isinstance(value, dict) else {}
        for name in names:
            constants = self.types[name].get("constants", {})
            if all(given.get(key) == constant for key, constant in constants.items()):
                return Shape(self.types[name], self.types)
        return None


@dataclass(frozen=True)
class ResourceType:
    """One row of the table; see its head for what the columns mean."""

    token: str
    row: dict[str, Any]
    shape: Shape
    api_version: str
    outputs: tuple[str, ...]

    @property
    def path(self) -> str:
        text: str = self.row["path"]
        return text

    @cached_property
    def path_inputs(self) -> tuple[str, ...]:
        names = re.findall(r"{(\w+)}", self.path)
        return tuple(name for name in names if name != "subscriptionId")

    @property
    def name_input(self) -> str:
        return self.path_inputs[-1]

    @cached_property
    def autoname(self) -> str:
        given = self.row.get("autoname")
        if given is not None:
            return str(given)
        below_provider = self.path.rpartition("/providers/")[2].split("/")
        return "copy" if len(below_provider) > 3 and "/providers/" in self.path else "random"

    @cached_property
    def flattened(self) -> bool:
        """Whether the SDK lifts what ARM keeps under `properties`."""
        return "properties" not in self.shape.properties and self.token not in _WHOLE

    @cached_property
    def replace(self) -> frozenset[str]:
        names = {*self.path_inputs, *self.row.get("replace", []), *_shared()["replace"]}
        return frozenset(names - set(self.row.get("updatable", [])))

    @cached_property
    def keyed(self) -> frozenset[str]:
        return frozenset({*_shared()["keyed"], *self.row.get("keyed", [])})

    @cached_property
    def envelope(self) -> frozenset[str]:
        return frozenset(self.row.get("envelope", _shared()["envelope"]))

    @cached_property
    def renamed(self) -> dict[str, str]:
        return dict(self.row.get("renamed", {}))

    @cached_property
    def lifted(self) -> frozenset[str]:
        return frozenset(self.row.get("lifted", []))

    @cached_property
    def sets(self) -> frozenset[str]:
        return frozenset(self.row.get("sets", []))

    @cached_property
    def filled(self) -> frozenset[str]:
        return frozenset(self.row.get("filled", []))

    @property
    def query(self) -> tuple[str, ...]:
        return tuple(self.row.get("query", ()))

    @property
    def maintained(self) -> tuple[str, ...]:
        return tuple(self.row.get("maintained", ()))

    @property
    def secret(self) -> tuple[str, ...]:
        return tuple(self.row.get("secret", ()))

    @property
    def defaults(self) -> dict[str, Any]:
        found: dict[str, Any] = self.row.get("defaults", {})
        return found


# A resource group has no `properties` of its own to lift.
_WHOLE = {"azure-native:resources:ResourceGroup"}


def _read(path: Path) -> dict[str, Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: dict[str, Any] = yaml.load(path.read_text(), Loader=loader)  # noqa: S506 safe loaders
    return document


@cache
def _shared() -> dict[str, list[str]]:
    shared: dict[str, list[str]] = _read(COLUMNS)["defaults"]
    return shared


@cache
def _rows(module: str) -> dict[str, dict[str, Any]]:
    """The rows of one module of the SDK: a program uses few of them, so each is read when asked."""
    path = TYPES / f"{module}.yaml"
    return _read(path) if path.exists() else {}


def tokens() -> list[str]:
    """The type tokens of every resource that the plugin knows."""
    return [token for path in sorted(TYPES.glob("*.yaml")) for token in _rows(path.stem)]


def row(token: str) -> dict[str, Any]:
    """What the table says of a type token that it has."""
    return _rows(token.split(":")[1])[token]


@cache
def _shapes(module: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((SHAPES / f"{module}.json").read_text())
    return document


@cache
def resource_type(token: str) -> ResourceType:
    """The row of a type token. Raises `UnknownTypeError` when there is none."""
    _, module, name = token.split(":")
    row = _rows(module).get(token)
    if row is None:
        raise UnknownTypeError(
            f"'{token}' is not among the resource types that the sandbox's plugin knows: add a row "
            f"to sandbox/provider/types/{module}.yaml and run 'python -m sandbox.provider.shapes'."
        )
    shapes = _shapes(module)
    found = shapes["resources"][name]
    return ResourceType(
        token,
        row,
        Shape(found, shapes["types"]),
        found["apiVersion"],
        tuple(found["outputs"]),
    )

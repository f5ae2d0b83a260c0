"""Writes the shapes of the resources in `types/`, read off the SDK's own classes.

`python -m sandbox.provider.shapes` rewrites every file; `--check` only tells whether they are
up to date. A shape says which inputs a resource has, how they nest and which are required, so the
provider can tell inputs from outputs without loading the SDK (which takes a second).
"""

from __future__ import annotations

import collections.abc
import contextlib
import enum
import importlib
import inspect
import json
import re
import sys
import types
import typing
from pathlib import Path
from typing import Any

from sandbox.provider.table import SHAPES, row, tokens

REFERENCE = "Reference"
"""Not of the SDK: what is left of a nested resource of which only the id counts."""
PLAIN = {str: "string", bool: "boolean", int: "integer", float: "number"}


class Module:
    """One module of the SDK: collects the nested types its resources refer to."""

    def __init__(self, name: str) -> None:
        self.package = importlib.import_module(f"pulumi_azure_native.{name}")
        self.types: dict[str, Any] = {}
        self.inputs: dict[str, Any] = {}
        for part in ("_enums", "_inputs"):  # a module without nested types has neither
            with contextlib.suppress(ModuleNotFoundError):
                self.inputs |= vars(importlib.import_module(f"{self.package.__name__}.{part}"))

    def resource(self, name: str) -> dict[str, Any]:
        resource = getattr(self.package, name)
        source = inspect.getsource(sys.modules[resource.__module__])
        version = re.search(r"Uses Azure REST API version ([\w-]+)", source)
        if version is None:
            raise SystemExit(f"{name}: the SDK's docstring does not say which API version it uses")
        module = sys.modules[resource.__module__]
        # The SDK's name for it where a nested type has the other one.
        arguments = getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args")
        return {
            "apiVersion": version[1],
            **self.fields(arguments),
            "outputs": sorted(name for _, name, _ in properties(resource)),
        }

    def fields(self, arguments: type) -> dict[str, Any]:
        parameters = inspect.signature(arguments).parameters
        hints = {
            name: typing.get_type_hints(prop.fget, localns=self.names())["return"]
            for _, name, prop in properties(arguments)
        }
        shape: dict[str, Any] = {
            "properties": {name: self.encode(hint) for name, hint in sorted(hints.items())}
        }
        required = [
            name
            for python_name, name, _ in properties(arguments)
            if parameters[python_name].default is inspect.Parameter.empty
        ]
        if required:
            shape["required"] = sorted(required)
        constants = dict(
            re.findall(
                r"pulumi\.set\(__self__, \"(\w+)\", '([^']*)'\)",
                inspect.getsource(vars(arguments)["__init__"]),
            )
        )
        if constants:
            shape["constants"] = {
                name: constants[python_name]
                for python_name, name, _ in properties(arguments)
                if python_name in constants
            }
        return shape

    def refer(self, resource: dict[str, Any], path: str) -> None:
        """Leave of an input that names another resource its id alone: the rest is the other's."""
        holder = resource
        *parents, last = path.split(".")
        for name in parents:
            kind = holder["properties"][name]
            holder = self.types[named(kind)[0]]
        self.types[REFERENCE] = {"properties": {"id": "string"}}
        kind = holder["properties"][last]
        reference = {"type": REFERENCE}
        holder["properties"][last] = {"list": reference} if "list" in kind else reference

    def reached(self, resources: dict[str, Any]) -> dict[str, Any]:
        """The nested types that the resources still refer to."""
        found: dict[str, Any] = {}
        todo = list(resources.values())
        while todo:
            for kind in todo.pop()["properties"].values():
                for name in named(kind):
                    if name not in found:
                        found[name] = self.types[name]
                        todo.append(found[name])
        return found

    def names(self) -> dict[str, Any]:
        """What the annotations refer to by name."""
        pulumi = importlib.import_module("pulumi")
        return {**self.inputs, "Output": pulumi.Output, "T": Any}

    def encode(self, hint: Any) -> Any:
        """A type hint as JSON: `"string"`, `{"list": …}`, `{"map": …}`, `{"type": NAME}`, …"""
        if isinstance(hint, typing.ForwardRef):
            hint = self.inputs.get(hint.__forward_arg__, Any)
        origin = typing.get_origin(hint)
        if origin in (typing.Union, types.UnionType):
            options = [self.encode(option) for option in typing.get_args(hint) if kept(option)]
            unique = [o for i, o in enumerate(options) if o not in options[:i]]
            if not unique:
                return "string"  # nothing but an enum: a closed one
            if len(unique) == 1:
                return unique[0]
            nested = [option["type"] for option in unique if "type" in option]
            if len(nested) == len(unique):
                return {"oneOf": nested}
            return "any"
        if origin in (list, collections.abc.Sequence):
            return {"list": self.encode(typing.get_args(hint)[0])}
        if origin in (dict, collections.abc.Mapping):
            return {"map": self.encode(typing.get_args(hint)[1])}
        if hint in PLAIN:
            return PLAIN[hint]
        if isinstance(hint, type) and hasattr(hint, "_pulumi_input_type"):
            name = hint.__name__.removesuffix("Args")
            if name not in self.types:
                self.types[name] = {}  # a type may contain itself
                self.types[name] = self.fields(hint)
            return {"type": name}
        return "any"


def named(kind: Any) -> list[str]:
    """The nested types in a kind, as `encode` writes it."""
    if not isinstance(kind, dict):
        return []
    inner = kind.get("list", kind.get("map"))
    return named(inner) if inner else kind.get("oneOf") or [kind["type"]]


def kept(option: Any) -> bool:
    """Leaves out what only the SDK's `Input[…]` wrapper and its dictionary twins add."""
    if option is type(None) or typing.get_origin(option) is collections.abc.Awaitable:
        return False
    if getattr(typing.get_origin(option), "__name__", "") == "Output":
        return False
    name = getattr(option, "__forward_arg__", getattr(option, "__name__", ""))
    return not (name.endswith("ArgsDict") or enumeration(option))


def enumeration(option: Any) -> bool:
    """Enums are open in Azure: the SDK accepts any string beside them."""
    return isinstance(option, type) and issubclass(option, enum.Enum)


def properties(cls: type) -> list[tuple[str, str, Any]]:
    from pulumi import _types

    return list(_types._py_properties(cls))


def shapes() -> dict[str, str]:
    """The text of every shape file by module name."""
    modules: dict[str, tuple[Module, dict[str, Any]]] = {}
    for token in tokens():
        _, module, name = token.split(":")
        reader, resources = modules.setdefault(module, (Module(module), {}))
        resources[name] = reader.resource(name)
        for path in row(token).get("references", []):
            reader.refer(resources[name], path)
    return {
        module: json.dumps(
            {"resources": resources, "types": reader.reached(resources)}, indent=1, sort_keys=True
        )
        + "\n"
        for module, (reader, resources) in modules.items()
    }


def main(arguments: list[str]) -> int:
    stale = []
    for module, text in shapes().items():
        path = Path(SHAPES) / f"{module}.json"
        if not path.exists() or path.read_text() != text:
            stale.append(path.name)
            if "--check" not in arguments:
                path.write_text(text)
    if stale:
        print(("stale: " if "--check" in arguments else "written: ") + ", ".join(stale))
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

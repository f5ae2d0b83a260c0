"""A template with its parameters: what it declares, evaluated as far as is known by now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sandbox.arm.ids import ResourceId
from sandbox.templates.expressions import TemplateError
from sandbox.templates.functions import evaluator, resource_id, subscription_resource_id
from sandbox.templates.parameters import check_value, given_value

DEPLOYMENTS = "Microsoft.Resources/deployments"
# What a template says about a resource that is no part of the resource's own body.
_ABOUT = frozenset(
    {"type", "apiversion", "name", "dependson", "condition", "copy", "scope", "resources",
     "subscriptionid", "resourcegroup", "comments", "metadata"}
)  # fmt: skip
Loops = list[tuple[str, int]]


class Surroundings(Protocol):
    """What an expression may ask about the world."""

    now: datetime
    subscription: dict[str, Any]
    group: dict[str, Any]
    deployment: dict[str, Any]

    def read(self, at: ResourceId) -> dict[str, Any]: ...

    def act(self, at: ResourceId, action: str, body: Any) -> Any: ...


class PendingError(Exception):
    """An expression refers to a resource of the same template that is not there yet."""

    def __init__(self, at: ResourceId) -> None:
        super().__init__(f"'{at}' is not deployed yet")
        self.at = at


@dataclass
class Declaration:
    """One resource of a template. `depends_on` holds keys of ids."""

    id: ResourceId
    api_version: str
    source: dict[str, Any]
    symbol: str = ""
    wanted: bool = True
    loops: Loops = field(default_factory=list)
    depends_on: set[str] = field(default_factory=set)

    @property
    def key(self) -> str:
        return self.id.key


class Template:
    """`scope` is where its resources go; `given` are parameters as ``{name: {"value": …}}``."""

    def __init__(
        self,
        source: dict[str, Any],
        given: dict[str, Any],
        scope: ResourceId,
        surroundings: Surroundings,
        loops: Loops | None = None,
    ) -> None:
        self.source = source
        self.scope = scope
        self.loops: Loops = list(loops or [])
        self.surroundings = surroundings
        self.deployed: set[str] = set()
        self.declarations: list[Declaration] = []
        self._variables: dict[str, Any] = {}
        subscription = str(surroundings.subscription["subscriptionId"])
        group = str(surroundings.group.get("name", ""))
        self.evaluator = evaluator(
            {
                "parameters": self._parameter,
                "variables": self._variable,
                "copyIndex": self._copy_index,
                "subscription": lambda: surroundings.subscription,
                "resourceGroup": lambda: surroundings.group,
                "deployment": lambda: surroundings.deployment,
                "environment": lambda: {"name": "AzureCloud", "suffixes": {
                    "storage": "core.windows.net", "keyvaultDns": ".vault.azure.net"}},
                "resourceId": lambda *parts: resource_id(subscription, group, *parts),
                "subscriptionResourceId": lambda *parts: (
                    subscription_resource_id(subscription, *parts)
                ),
                "reference": self._reference,
                "list*": self._list,
            },
            surroundings.now,
        )  # fmt: skip
        self.parameters: dict[str, Any] = {}
        self._read_parameters(given)
        self.declarations = self._declare()

    def outputs(self) -> dict[str, Any]:
        found = {}
        for name, output in (self.source.get("outputs") or {}).items():
            if self.evaluator.value(output.get("condition", True)):
                kind = str(output.get("type", "string"))
                found[name] = {"type": kind.capitalize()}
                if not kind.lower().startswith("secure"):
                    found[name]["value"] = self._expand(output.get("value"))
        return found

    def body(self, declaration: Declaration) -> dict[str, Any]:
        """The body to PUT. Raises PendingError where it refers to what is not there yet."""
        source = {
            key: value for key, value in declaration.source.items() if key.lower() not in _ABOUT
        }
        if declaration.id.type.lower() == DEPLOYMENTS.lower():
            nested = source.pop("properties", {})
            properties = {
                key: value if key == "template" else self.evaluator.value(value)
                for key, value in nested.items()
            }
            return {**self.evaluator.value(source), "properties": properties}
        with self._within(declaration.loops):
            body: dict[str, Any] = _without_nulls(self._expand(source))
            return body

    def _read_parameters(self, given: dict[str, Any]) -> None:
        declared = self.source.get("parameters") or {}
        spelled = {name.lower(): name for name in declared}
        for name in given:
            if name.lower() not in spelled:
                raise TemplateError(
                    f"The template parameter '{name}' is not found. It declares: "
                    f"{', '.join(declared) or 'none'}."
                )
        values = {spelled[name.lower()]: value for name, value in given.items()}
        self._given = values
        for name in declared:
            self._parameter(name)

    def _parameter(self, name: str) -> Any:
        declared = self.source.get("parameters") or {}
        spelled = {key.lower(): key for key in declared}.get(name.lower())
        if spelled is None:
            raise TemplateError(f"The template parameter '{name}' is not declared.")
        if spelled not in self.parameters:
            declaration = declared[spelled]
            if spelled in self._given:
                value = given_value(spelled, self._given[spelled])
            elif "defaultValue" in declaration:
                value = self.evaluator.value(declaration["defaultValue"])
            elif declaration.get("nullable"):
                value = None
            else:
                raise TemplateError(
                    f"The value for the template parameter '{spelled}' is not provided."
                )
            check_value(spelled, declaration, value)
            self.parameters[spelled] = value
        return self.parameters[spelled]

    def _variable(self, name: str) -> Any:
        declared = {key.lower(): value for key, value in self._all_variables().items()}
        if name.lower() not in declared:
            raise TemplateError(f"The template variable '{name}' is not found.")
        if name.lower() not in self._variables:
            self._variables[name.lower()] = self._expand(declared[name.lower()])
        return self._variables[name.lower()]

    def _all_variables(self) -> dict[str, Any]:
        variables = dict(self.source.get("variables") or {})
        loops = variables.pop("copy", [])
        return {**variables, **{loop["name"]: {"copy": [loop]} for loop in loops}}

    def _copy_index(self, name: Any = None, offset: int = 0) -> int:
        if isinstance(name, int):
            name, offset = None, name
        for loop, index in reversed(self.loops):
            if name is None or loop == name:
                return index + offset
        raise TemplateError("'copyIndex' may only be used within a copy loop.")

    def _expand(self, value: Any) -> Any:
        """Evaluate, with the loops that stand within properties and variables."""
        if isinstance(value, list):
            return [self._expand(item) for item in value]
        if not isinstance(value, dict):
            return self.evaluator.value(value)
        expanded = {
            self.evaluator.text(key): self._expand(item)
            for key, item in value.items()
            if key != "copy" or not isinstance(item, list)
        }
        loops = value.get("copy")
        for loop in loops if isinstance(loops, list) else []:
            expanded[loop["name"]] = [
                self._turn([*self.loops, (loop["name"], index)], loop["input"])
                for index in range(int(self.evaluator.value(loop["count"])))
            ]
        # A variable that is a loop alone is the loop's list.
        if isinstance(loops, list) and len(value) == 1 and len(loops) == 1 and len(expanded) == 1:
            return next(iter(expanded.values())) if "name" in loops[0] else expanded
        return expanded

    def _turn(self, loops: Loops, source: Any) -> Any:
        with self._within(loops):
            return self._expand(source)

    @contextmanager
    def _within(self, loops: Loops) -> Iterator[None]:
        outer, self.loops = self.loops, loops
        try:
            yield
        finally:
            self.loops = outer

    def _declare(self) -> list[Declaration]:
        sources = self.source.get("resources") or []
        named = sources.items() if isinstance(sources, dict) else [("", one) for one in sources]
        found: list[Declaration] = []
        for symbol, source in named:
            found += self._unroll(symbol, source)
        self.declarations = found
        for declaration in found:
            if declaration.wanted:
                declaration.depends_on |= self._dependencies(declaration)
        return found

    def _unroll(
        self, symbol: str, source: dict[str, Any], parent: Declaration | None = None
    ) -> list[Declaration]:
        loop = source.get("copy")
        if not loop:
            return self._one(symbol, source, self.loops, parent)
        found: list[Declaration] = []
        for index in range(int(self.evaluator.value(loop["count"]))):
            found += self._one(symbol, source, [*self.loops, (loop["name"], index)], parent)
        for declaration in found:
            declaration.symbol = declaration.symbol or loop["name"]
        return found

    def _one(
        self, symbol: str, source: dict[str, Any], loops: Loops, parent: Declaration | None
    ) -> list[Declaration]:
        with self._within(loops):
            wanted = bool(self.evaluator.value(source.get("condition", True)))
            if parent and not parent.wanted:
                wanted = False
            try:
                at = self._id(source, parent)
                version = str(self.evaluator.value(source.get("apiVersion", "")))
            except TemplateError:
                if wanted:
                    raise
                return []  # a resource that is not wanted may be named after nothing
            one = Declaration(at, version, source, symbol, wanted, list(loops))
            if parent:
                one.depends_on.add(parent.key)
            found = [one]
            for child in source.get("resources") or []:
                found += self._unroll("", child, one)
            return found

    def _id(self, source: dict[str, Any], parent: Declaration | None) -> ResourceId:
        for name in ("type", "name", "apiVersion"):
            if not source.get(name):
                raise TemplateError(f"A resource of the template has no '{name}': {source}"[:200])
        kind = str(self.evaluator.value(source["type"]))
        names = str(self.evaluator.value(source["name"])).split("/")
        if parent and "/" not in kind:
            kind, names = f"{parent.id.type}/{kind}", [*parent.id.names, *names]
        if len(names) != kind.count("/") or not all(names):
            raise TemplateError(
                f"The name '{'/'.join(names)}' of the resource of type '{kind}' must have "
                f"{kind.count('/')} segments."
            )
        return ResourceId(self._scope_of(source), kind, tuple(names))

    def _scope_of(self, source: dict[str, Any]) -> str:
        scope = self.evaluator.value(source.get("scope"))
        if scope:
            text = str(scope)
            if not text.startswith("/"):
                text = f"{self.scope}/providers/{text}"
            return "" if text == "/" else str(ResourceId.parse(text))
        group = self.evaluator.value(source.get("resourceGroup"))
        subscription = self.evaluator.value(source.get("subscriptionId"))
        if not group and not subscription:
            return str(self.scope)
        own = self.scope.names[0] if not self.scope.scope else self.scope.subscription
        text = f"/subscriptions/{subscription or own}"
        return f"{text}/resourceGroups/{group}" if group else text

    def _dependencies(self, declaration: Declaration) -> set[str]:
        with self._within(declaration.loops):
            texts = [self.evaluator.value(one) for one in declaration.source.get("dependsOn") or []]
        keys: set[str] = set()
        for text in texts:
            found = self._named(str(text))
            if not found:
                raise TemplateError(
                    f"The resource '{text}', on which '{declaration.id}' depends, is not defined "
                    "in the template."
                )
            keys |= {one.key for one in found}
        return keys

    def _named(self, text: str) -> list[Declaration]:
        """The declarations that an id, a name, ``type/name`` or a symbol or loop means."""
        # Parsed, since a group's id has two spellings.
        wanted = (ResourceId.parse(text).key if text.startswith("/") else text.lower()).strip("/")
        return [
            one
            for one in self.declarations
            if wanted in (one.key.strip("/"), "/".join(one.id.names).lower(), one.symbol.lower())
            or (wanted.count("/") > 1 and one.key.endswith("/providers/" + wanted))
        ]

    def _resolve(self, text: str) -> ResourceId:
        found = self._named(text)
        at = found[0].id if found and not text.startswith("/") else ResourceId.parse(text)
        if any(one.wanted for one in found) and at.key not in self.deployed:
            raise PendingError(at)
        return at

    def _reference(self, text: str, _version: str = "", full: str = "") -> Any:
        at = self._resolve(text)
        body = self.surroundings.read(at)
        return body if full.lower() == "full" else body.get("properties", {})

    def _list(self, action: str, text: str, _version: str = "", body: Any = None) -> Any:
        return self.surroundings.act(self._resolve(text), action, body)


def _without_nulls(value: Any) -> Any:
    """ARM leaves out of a body what evaluates to null."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value

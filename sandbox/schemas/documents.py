"""The generated documents with their patches, and the tables of names and versions."""

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

Schema = dict[str, Any]

HERE = Path(__file__).parent


class NameRule(NamedTuple):
    """The regular expression that a whole name must match, and the same in words."""

    pattern: str
    says: str


def known() -> tuple[str, ...]:
    """The resource types that have a schema."""
    return tuple(sorted(_paths().values()))


def name_rule(type_name: str) -> NameRule | None:
    """What a resource of this type may be called; None where nothing is known."""
    row = _table("names").get(type_name.lower())
    return NameRule(row["pattern"], row["says"]) if row else None


def names(type_name: str) -> str | None:
    """The pattern of `name_rule` alone."""
    rule = name_rule(type_name)
    return rule.pattern if rule else None


@functools.cache
def versions(type_name: str) -> frozenset[str]:
    """The API versions that a request for this type may name; empty where nothing is known."""
    table = _table("versions")
    name = type_name.lower()
    while name:
        if name in table:
            return frozenset(table[name])
        name = name.rpartition("/")[0]
    return frozenset()


@functools.cache
def create_only(type_name: str) -> tuple[str, ...]:
    """Dotted paths of what cannot be changed once the resource is there."""
    return tuple(patch(type_name).get("create_only", ()))


@functools.cache
def document(type_name: str) -> Schema | None:
    """The schema document of the type, patched; None where there is none."""
    canonical = _paths().get(type_name.lower())
    if canonical is None:
        return None
    generated: Schema = json.loads((HERE / f"{canonical}.json").read_text())
    patched: Schema = _merge(generated, patch(canonical).get("merge", {}))
    return patched


def patch(type_name: str) -> Mapping[str, Any]:
    """The type's patch file; empty where there is none."""
    canonical = _paths().get(type_name.lower(), type_name)
    path = HERE / f"{canonical}.yaml"
    return yaml.safe_load(path.read_text()) or {} if path.exists() else {}


def _merge(target: Any, change: Any) -> Any:
    """JSON merge patch, RFC 7386: null removes, objects merge, all else replaces."""
    if not isinstance(change, dict):
        return change
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merge(result.get(key), value)
    return result


@functools.cache
def _paths() -> dict[str, str]:
    found = (path.relative_to(HERE).with_suffix("").as_posix() for path in HERE.rglob("*.json"))
    return {name.lower(): name for name in found}


@functools.cache
def _table(name: str) -> dict[str, Any]:
    rows = yaml.safe_load((HERE / f"{name}.yaml").read_text())
    return {type_name.lower(): row for type_name, row in rows.items()}

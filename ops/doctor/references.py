"""Whether what the stack file names and does not make is there, whatever setting names it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ops.doctor.case import PROVIDERS, Case
from ops.doctor.finding import Finding, ok, problem, warning

_GROUP = re.compile(r"/subscriptions/[^/]+/resourceGroups/[^/]+", re.IGNORECASE)
_ID = re.compile(rf"{_GROUP.pattern}/providers/([^/]+)((?:/[^/]+/[^/]+)+)", re.IGNORECASE)
GROUPS = "Microsoft.Resources/resourceGroups"
_NOT_ASKED = "microsoft.authorization/"
"""Roles and the like: what assigns them says whether they are there."""


def check(case: Case) -> Iterator[Finding]:
    groups = [item.kind for item in case.plan.resources]
    if case.plan.group and GROUPS not in groups:
        if case.group_exists:
            yield ok(f"the resource group '{case.plan.group}' is there")
        else:
            yield problem(
                f"The resource group '{case.plan.group}' is not there, and the stack does not "
                "make it.",
                f"az group create --name {case.plan.group} --location {case.plan.location}, or "
                f"correct 'existing' in {case.file}",
            )
    for identifier, setting in named(case).items():
        yield _look(case, identifier, setting)


def named(case: Case) -> dict[str, str]:
    """The ids of what the stack does not make, each with the setting that names it: those in the
    settings, and those that follow from them, such as a subnet's, which no setting has.
    """
    made = {item.id(case.subscription, case.plan.group) for item in case.plan.resources}
    known = {identifier.lower() for identifier in made if identifier}
    inputs = (pair for item in case.plan.resources for pair in _texts(item.inputs))
    found = {}
    for setting, text in _texts(case.settings):
        if _ID.fullmatch(text) or _GROUP.fullmatch(text):
            found[text] = setting
    for _, text in inputs:
        if _ID.fullmatch(text):
            found.setdefault(text, "")
    result = {}
    for text, setting in found.items():
        if text.lower() not in known and not _kind(text).lower().startswith(_NOT_ASKED):
            known.add(text.lower())
            result[text] = setting
    return result


def _look(case: Case, identifier: str, setting: str) -> Finding:
    from azure.core.exceptions import HttpResponseError

    kind = _kind(identifier)
    what = f"{_one(kind.rpartition('/')[2])} '{identifier.rpartition('/')[2]}'"
    version = _version(case, kind)
    if version is None:
        return warning(f"{identifier}: no API is known by which to look for it.")
    try:
        there = case.arm.get(identifier, version) is not None
    except HttpResponseError as error:
        return warning(f"The {what} cannot be looked at ({error.status_code}): {identifier}")
    if there:
        return ok(f"{what} is there")
    # No setting has its id: it lies in what one names.
    mend = f"correct '{setting}' in {case.file}" if setting else f"make it, or correct {case.file}"
    return problem(f"The {what} is not there: {identifier}", mend)


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in it, keys included, with the path that leads there."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield path, str(key)
            yield from _texts(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, path)


def _one(many: str) -> str:
    """`virtualMachines`, `registries` or `publicIPAddresses` as one of them is called."""
    return re.sub(r"(?<=ss)es$|s$", "", re.sub(r"ies$", "ys", many))


def _kind(identifier: str) -> str:
    match = _ID.fullmatch(identifier)
    return "/".join([match[1], *match[2].strip("/").split("/")[0::2]]) if match else GROUPS


def _version(case: Case, kind: str) -> str | None:
    """The newest that the provider has, no preview where there is another. Of a type that Azure
    does not list, that of the type in which it lies.
    """
    if kind == GROUPS:
        return PROVIDERS
    namespace, _, name = kind.partition("/")
    listed: dict[str, list[str]] = {
        str(item["resourceType"]).lower(): sorted(item.get("apiVersions") or [], reverse=True)
        for item in case.providers.get(namespace.lower(), {}).get("resourceTypes", [])
    }
    while name:
        versions = listed.get(name.lower())
        if versions:
            return next((v for v in versions if "preview" not in v), versions[0])
        name = name.rpartition("/")[0]
    return None

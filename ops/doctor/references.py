"""Whether what the stack file names and does not make is there: groups, networks, logs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ops.doctor.case import Case
from ops.doctor.finding import Finding, ok, problem, warning

_ID = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/([^/]+)((?:/[^/]+/[^/]+)+)", re.IGNORECASE
)
_NOT_ASKED = ("microsoft.authorization",)
"""Roles and the like: what assigns them says whether they are there."""


def check(case: Case) -> Iterator[Finding]:
    groups = [item.kind for item in case.plan.resources]
    if case.plan.group and "Microsoft.Resources/resourceGroups" not in groups:
        if case.group_exists:
            yield ok(f"the resource group '{case.plan.group}' is there")
        else:
            yield problem(
                f"The resource group '{case.plan.group}' is not there, and the stack does not "
                "make it.",
                f"az group create --name {case.plan.group} --location {case.plan.location}, or "
                f"correct 'existing' in {case.file}",
            )
    for identifier in named(case):
        yield _look(case, identifier)


def named(case: Case) -> list[str]:
    """The ids in the stack's inputs that are known and that the stack does not make."""
    made = {item.id(case.subscription, case.plan.group) for item in case.plan.resources}
    own = {identifier.lower() for identifier in made if identifier}
    found = dict.fromkeys(
        text for item in case.plan.resources for text in _texts(item.inputs) if _ID.fullmatch(text)
    )
    return [
        text
        for text in found
        if text.lower() not in own and _kind(text).partition("/")[0].lower() not in _NOT_ASKED
    ]


def _look(case: Case, identifier: str) -> Finding:
    from azure.core.exceptions import HttpResponseError

    kind = _kind(identifier)
    what = f"{kind.rpartition('/')[2]} '{identifier.rpartition('/')[2]}'"
    version = _version(case, kind)
    if version is None:
        return warning(f"{identifier}: no API is known by which to look for it.")
    try:
        there = case.arm.get(identifier, version) is not None
    except HttpResponseError as error:
        return warning(f"The {what} cannot be looked at ({error.status_code}): {identifier}")
    if there:
        return ok(f"{what} is there")
    return problem(f"The {what} is not there: {identifier}", f"correct its id in {case.file}")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _kind(identifier: str) -> str:
    match = _ID.fullmatch(identifier)
    assert match
    return "/".join([match[1], *match[2].strip("/").split("/")[0::2]])


def _version(case: Case, kind: str) -> str | None:
    """The newest that the provider has, no preview where there is another."""
    namespace, _, name = kind.partition("/")
    for item in case.providers.get(namespace.lower(), {}).get("resourceTypes", []):
        if str(item["resourceType"]).lower() == name.lower():
            versions = sorted(item.get("apiVersions") or [], reverse=True)
            return next((v for v in versions if "preview" not in v), next(iter(versions), None))
    return None

"""Stack files of environments that end by themselves: made from another's, with a time to live."""

from __future__ import annotations

import re
from datetime import timedelta

from ops import configuration, environments, stack_files
from ops.environments import Inventory
from ops.failure import Failure

OWN = ("names", "existing.resource_group")
"""Settings that say which group: a copy of them would end as the source's own group."""

PURGE = "vault.purge_protection"
"""With it every copy would leave a vault that nobody can purge, for up to 90 days."""

EXPIRES = re.compile(r"^( +expires: *).*$", re.MULTILINE)


def stack_file(name: str, source: str | None, live: timedelta, seen: Inventory) -> str:
    """Write the stack file of `name` anew: a copy of that of `source` which expires `live` from
    now. Without a source its own stays, with its time renewed. Says what a person has to know of
    the copy's vault; empty where that is nothing.

    Raises `Failure`, and leaves the file as it was, when `name` is an environment that stays or
    another repository's, and when from `source` no short-lived one may be made.
    """
    _check_name(name, seen)
    expires = environments.written(seen.now + live)
    assert expires
    file = stack_files.path(name)
    before = file.read_text() if file.exists() else None
    if source is None:
        if before is None:
            raise Failure(
                f"There is no {stack_files.shown(name)} whose time could be renewed. Say what to "
                f"make it from: amlops up {name} --from ENV --ttl …"
            )
        file.write_text(EXPIRES.sub(rf'\g<1>"{expires}"', before))
        return ""
    _check_source(source)
    file.unlink(missing_ok=True)
    try:
        changes: dict[str, object] = {"expires": expires, **dict.fromkeys(OWN)}
        told, off = _purge_protection(name, source)
        if off:
            changes[PURGE] = False
        configuration.new_stack_file(name, source, changes)
    except BaseException:
        if before is not None:
            file.write_text(before)
        raise
    return told


def _purge_protection(name: str, source: str) -> tuple[str, bool]:
    """What to tell of it, and whether the copy goes without, though its source has it."""
    settings = stack_files.settings(source)
    if not (settings.get("vault") or {}).get("purge_protection"):
        return "", False
    encryption = settings.get("encryption") or {}
    if encryption.get("customer_key") and not encryption.get("key"):
        return (
            f"{name} keeps '{PURGE}' of {source}, which its own key needs: when it expires, its "
            "vault stays, protected against purge, for its days.",
            False,
        )
    return f"{name} goes without '{PURGE}' of {source}, so that its vault can go with it.", True


def _check_name(name: str, seen: Inventory) -> None:
    if name in seen.others:
        raise Failure(
            f"The stack '{name}' in Pulumi's backend belongs to another workload. Choose another "
            "name."
        )
    if any(found.expires is None for found in seen.named(name)):
        raise Failure(
            f"'{name}' stays: it has no 'expires'. Leave out --ttl to bring it up to date, or "
            "choose another name."
        )


def _check_source(source: str) -> None:
    settings = stack_files.settings(source)
    for refused in ("protection", "kind"):
        value = settings.get(refused)
        if value not in (None, False, "off", "environment"):
            said = configuration.written(value)
            raise Failure(
                f"'{source}' has '{refused}: {said}': nothing short-lived is made from it. Choose "
                "another, such as dev."
            )

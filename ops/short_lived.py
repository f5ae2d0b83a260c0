"""Stack files of environments that end by themselves: made from another's, with a time to live."""

from __future__ import annotations

import re
from datetime import timedelta

from ops import configuration, environments, stack_files
from ops.environments import Inventory
from ops.failure import Failure

OWN = ("names", "existing.resource_group")
"""Settings that say which group: a copy of them would end as the source's own group."""

EXPIRES = re.compile(r"^( +expires: *).*$", re.MULTILINE)


def stack_file(name: str, source: str | None, live: timedelta, seen: Inventory) -> None:
    """Write the stack file of `name` anew: a copy of that of `source` which expires `live` from
    now. Without a source its own stays, with its time renewed.

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
        return
    _check_source(source)
    file.unlink(missing_ok=True)
    try:
        changes = {"expires": expires, **dict.fromkeys(OWN)}
        configuration.new_stack_file(name, source, changes)
    except BaseException:
        if before is not None:
            file.write_text(before)
        raise


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
            raise Failure(
                f"'{source}' has '{refused}: {value}': nothing short-lived is made from it. "
                "Choose another, such as dev."
            )

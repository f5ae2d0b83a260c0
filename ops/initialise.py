"""A fork set up for a workload of its own: the stack files name it, and a folder for it is there.

The lines that change are changed where they stand: comments, order and layout stay as they were.
Only stack files of this repository's example are taken over; what names another workload belongs
to somebody, and so does a folder that exists.
"""

from __future__ import annotations

import difflib
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ops import stack_files, stacks
from ops.failure import Failure
from ops.stack_files import SETTINGS
from ops.target import ROOT

EXAMPLE = "bikes"
"""The workload that the stack files name as they come."""
EXAMPLE_ENDPOINT = "bike-rentals"
"""The endpoint that they have for it."""
STARTER = "starter"
"""The workload that is copied."""
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_ENDPOINTS = re.compile(r"    endpoints: *(#.*)?\s*")
_ENDPOINT = re.compile(r"      [\w-]+:(.*)")
_NOBODY = re.compile(r"[\w.+-]+@example\.com")
"""Addresses that nobody has: RFC 2606 keeps their domain for examples."""
_UNTRACKED = ("data", "__pycache__")


@dataclass(frozen=True)
class Edit:
    """A file with the text that it has and the one that it is to have; None where it is new."""

    path: Path
    before: str | None
    after: str

    @property
    def shown(self) -> str:
        return str(self.path.relative_to(ROOT))

    def diff(self) -> str:
        old = (self.before or "").splitlines(keepends=True)
        new = self.after.splitlines(keepends=True)
        names = (f"a/{self.shown}", f"b/{self.shown}")
        return "".join(difflib.unified_diff(old, new, *names, n=1))


@dataclass
class Plan:
    """What is to be done; `left` says what stays as it is, and why."""

    edits: list[Edit] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def changed(self) -> list[Edit]:
        return [edit for edit in self.edits if edit.before is not None]

    @property
    def created(self) -> list[Edit]:
        return [edit for edit in self.edits if edit.before is None]

    def data(self) -> dict[str, Any]:
        return {
            "changed": [edit.shown for edit in self.changed],
            "created": [edit.shown for edit in self.created],
            "left": self.left,
            "diff": "".join(edit.diff() for edit in self.changed),
        }


def plan(workload: str, values: Mapping[str, str]) -> Plan:
    """What to change for a workload, with `owner`, `cost_centre`, `location` where they are given.

    Raises `Failure` for a name that cannot be one, and where no stack file is free for it.
    """
    if not _NAME.fullmatch(workload) or not 2 <= len(workload) <= 16:
        raise Failure(
            f"'{workload}' cannot name a workload: 2 to 16 lower-case letters, digits and single "
            "hyphens, a letter first."
        )
    found = Plan()
    taken = 0
    by_hand: dict[str, list[str]] = {}
    for name in stack_files.names():
        settings, shown = stack_files.settings(name), stack_files.shown(name)
        owner = settings.get("workload")
        if owner is None:
            found.left.append(f"{shown} cannot be read, or names no workload")
            continue
        if owner not in (EXAMPLE, workload):
            found.left.append(f"{shown} is the workload {owner}'s")
            continue
        taken += 1
        path = stack_files.path(name)
        text = _read(path)
        after = _rewritten(text, {"workload": workload, **values}, workload)
        if after != text:
            found.edits.append(Edit(path, text, after))
        if settings.get("endpoints") and f"      {workload}:" not in after:
            found.left.append(f"{shown} has 'endpoints' on one line: add '{workload}: {{}}' there")
        for what in _examples(after, settings, workload):
            by_hand.setdefault(what, []).append(shown)
    if not taken:
        raise Failure(
            f"Every stack file names another workload than '{EXAMPLE}' and '{workload}'. Make one "
            "for it: amlops config new ENV --from dev --set workload=" + workload
        )
    found.left += [f"{what} {', '.join(files)}" for what, files in by_hand.items()]
    folder = ROOT / "workloads" / workload
    if folder.exists():
        found.left.append(f"workloads/{workload} is there")
    else:
        found.edits += _copied(folder)
    return found


def _examples(text: str, settings: Mapping[str, Any], workload: str) -> Iterator[str]:
    """What of the example is left in a stack file, for a person to change."""
    for address in sorted(set(_NOBODY.findall(text))):
        yield f"e-mails go to {address}, which nobody reads; name your own address in"
    endpoints = settings.get("endpoints")
    if (
        workload != EXAMPLE_ENDPOINT
        and isinstance(endpoints, dict)
        and EXAMPLE_ENDPOINT in endpoints
    ):
        yield (
            f"the example's endpoint {EXAMPLE_ENDPOINT} stays; take it away where you serve "
            "nothing from it, in"
        )


def apply(found: Plan) -> None:
    """Write it all, or nothing: raises `Failure` with what would be wrong in a stack file."""
    try:
        for edit in found.changed:
            _write(edit.path, edit.after)
        for edit in found.changed:
            stacks.check_settings(edit.path.stem.partition(".")[2])
    except BaseException:
        for edit in found.changed:
            _write(edit.path, edit.before or "")
        raise
    if found.created:
        _make(found.created)


def _read(path: Path) -> str:
    """With the ends of its lines as they are."""
    with path.open(encoding="utf-8", newline="") as file:
        return file.read()


def _write(path: Path, text: str) -> None:
    """All of it at once: a kill leaves the old file or the new one."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8", newline="")
    beside.replace(path)


def _make(created: list[Edit]) -> None:
    """The workload's folder, all at once: what is there is whole, also after a kill."""
    inside = created[0].path.relative_to(ROOT / "workloads")
    folder = ROOT / "workloads" / inside.parts[0]
    begun = folder.with_name(f".{folder.name}.begun")
    shutil.rmtree(begun, ignore_errors=True)
    for edit in created:
        path = begun / edit.path.relative_to(folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(edit.after, encoding="utf-8")
    begun.rename(folder)


def current(name: str) -> str:
    """What the stack files say as they are: the default of a question."""
    said = (settings.get(name) for settings in stack_files.every().values())
    return next((str(value) for value in said if value is not None), "")


def _rewritten(text: str, values: Mapping[str, str], workload: str) -> str:
    """The stack file with these settings, and with an endpoint of the workload's name."""
    end_of_line = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    if not lines[-1].endswith("\n"):
        lines[-1] += end_of_line
    heading = f"  {SETTINGS}:"
    start = next((n for n, line in enumerate(lines) if line.startswith(heading)), None)
    if start is None:
        raise Failure(f"A stack file of this workload has no line '{heading}' to change.")
    start += 1
    end = next((n for n in range(start, len(lines)) if re.match(r" {0,2}\S", lines[n])), len(lines))
    block = lines[start:end]
    for key, value in values.items():
        _set(block, key, _scalar(value), end_of_line)
    served = _with_endpoint(block, workload, end_of_line)
    return "".join([*lines[:start], *served, *lines[end:]])


def _set(block: list[str], key: str, value: str, end_of_line: str) -> None:
    """In the setting's line, with its comment left; a first line where there is none."""
    row = re.compile(rf"(    {key}: *)([^#\r\n]*?)( *#.*?)?(\r?\n)")
    for number, line in enumerate(block):
        found = row.fullmatch(line)
        if found:
            before, _, comment, end = found.groups("")
            block[number] = f"{before}{value}{comment}{end}"
            return
    block.insert(0, f"    {key}: {value}{end_of_line}")


def _with_endpoint(block: list[str], workload: str, end_of_line: str) -> list[str]:
    """One as the first that is there, after the last; none where the environment serves nothing."""
    heading = next((n for n, line in enumerate(block) if _ENDPOINTS.fullmatch(line)), None)
    if heading is None:
        return block
    first = last = heading + 1
    while last < len(block) and block[last].startswith("      "):
        last += 1
    rows = block[first:last]
    if not rows or any(row.startswith(f"      {workload}:") for row in rows):
        return block
    like = next((found for row in rows if (found := _ENDPOINT.match(row))), None)
    settings = like[1].partition(" #")[0].strip() if like else ""
    return [*block[:last], f"      {workload}: {settings or '{}'}{end_of_line}", *block[last:]]


def _scalar(value: str) -> str:
    """As every reader of YAML takes it for that text: 0815 and `on` need quotes."""
    plain = re.fullmatch(r"[A-Za-z][\w.-]*", value) and isinstance(yaml.safe_load(value), str)
    return value if plain else json.dumps(value, ensure_ascii=False)


def _copied(folder: Path) -> list[Edit]:
    """The starter's files under the workload's name, wherever it stands."""
    source = ROOT / "workloads" / STARTER
    found = []
    for path in sorted(source.rglob("*")):
        inside = path.relative_to(source)
        if path.is_dir() or inside.parts[0] in _UNTRACKED or "__pycache__" in inside.parts:
            continue
        text = re.sub(rf"\b{STARTER}\b", folder.name, path.read_text(encoding="utf-8"))
        found.append(Edit(folder / inside, None, text))
    return found

"""Stack files: made out of one another, what is in effect in them, and what differs.

What they may say is the program's to know: its checks run in a process of their own.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate, chain
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from ops import programs, stack_files, stacks
from ops.failure import Failure
from ops.stack_files import SETTINGS

COMMENTS = 48
"""The column in which comments begin, where the value leaves room."""
Value = Any
"""What YAML can say: text, number, truth, nothing, a list or a map of them."""


@dataclass(frozen=True)
class Setting:
    """One effective setting. `origin` is file, default, or derived: out of other settings."""

    setting: str
    value: Value
    origin: str
    line: int | None
    meaning: str
    without: str

    @property
    def parts(self) -> list[str]:
        return self.setting.split(".")

    @property
    def source(self) -> str:
        return f"line {self.line}" if self.line else self.origin

    def data(self) -> dict[str, Value]:
        return asdict(self)


def effective(environment: str, below: str = "") -> list[Setting]:
    """What is in effect, `below` a section or all of it. Raises `Failure` when it is not valid."""
    found = [
        Setting(**one)
        for one in json.loads(programs.ask("infra.settings", environment, "--origins"))
    ]
    chosen = [one for one in found if f"{one.setting}.".startswith(f"{below}." if below else "")]
    if not chosen:
        sections = dict.fromkeys(one.parts[0] for one in found)
        raise Failure(f"There is no setting '{below}'. There are: {', '.join(sections)}.")
    return chosen


def as_yaml(settings: Iterable[Setting]) -> str:
    """As a stack file would say all of it, each with where it comes from.

    What follows from other settings is a comment: given, it would be a choice.
    """
    root = CommentedMap()
    for one in settings:
        section = root
        for part in one.parts[:-1]:
            section = section.setdefault(part, CommentedMap())
        derived = one.origin == "derived"
        section[one.parts[-1]] = None if derived else one.value
        told = written(one.value) if derived else one.without if one.value is None else ""
        comment = f"{one.source}: {told}" if told else one.source
        section.yaml_add_eol_comment(comment, one.parts[-1], column=COMMENTS)
    text = io.StringIO()
    _yaml().dump(root, text)
    return text.getvalue()


def written(value: Value) -> str:
    """A value as YAML has it on one line; a dash for nothing."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "–"}[value]
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(written(item) for item in value) or "–"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {written(item)}" for key, item in value.items()) or "–"
    return str(value) if value != "" else "–"


def differences(environments: Sequence[str]) -> dict[str, dict[str, Value]]:
    """What is not alike: each setting with its values by environment.

    What an environment has no counterpart of, such as a cluster, is one row, with what its file
    says of it.
    """
    known = {name: {one.setting: one for one in effective(name)} for name in environments}
    paths = {name: set(chain.from_iterable(map(_prefixes, known[name]))) for name in environments}
    result: dict[str, dict[str, Value]] = {}
    for setting in dict.fromkeys(chain.from_iterable(known.values())):
        having = [name for name in environments if setting in known[name]]
        lacking = [name for name in environments if setting not in paths[name]]
        if len(having) == len(environments):
            values = {name: known[name][setting].value for name in having}
            if len({_alike(known[name][setting], name) for name in having}) > 1:
                result[setting] = values
        elif lacking:
            entry = next(
                path for path in _prefixes(setting) if any(path not in paths[n] for n in lacking)
            )
            result[entry] = {
                name: known[name][entry].value
                if entry in known[name]
                else _said(known[name].values(), entry)
                for name in environments
                if entry in paths[name]
            }
            if list(result[entry].values()) == [None]:
                del result[entry]
    return result


def _alike(one: Setting, environment: str) -> str:
    """A value to compare: a derived name that differs by the environment's only does not differ."""
    text = json.dumps(one.value, sort_keys=True)
    return text.replace(environment, "") if one.origin == "derived" else text


def _said(settings: Iterable[Setting], entry: str) -> dict[str, Value]:
    below = f"{entry}."
    return {
        one.setting.removeprefix(below): one.value
        for one in settings
        if one.setting.startswith(below) and one.origin == "file"
    }


def _prefixes(setting: str) -> list[str]:
    """`a`, `a.b` and `a.b.c` of `a.b.c`."""
    return list(accumulate(setting.split("."), "{}.{}".format))


def write_schema() -> list[Path]:
    """Write what is made of the settings' models: the schema for editors, the page in `docs/`."""
    return [Path(line) for line in programs.ask("infra.settings", "--schema").splitlines()]


def change(text: str) -> tuple[str, Value]:
    """`PATH=VALUE` with the value as YAML has it. Raises ValueError."""
    name, equals, value = text.partition("=")
    if not equals or not all(name.split(".")):
        raise ValueError(f"'{text}' is no PATH=VALUE, such as clusters.cpu-cluster.max=4")
    try:
        return name, YAML(typ="safe", pure=True).load(value)
    except YAMLError as error:
        raise ValueError(f"'{value}' is no YAML: {' '.join(str(error).split())}") from None


def new_stack_file(environment: str, source: str, changes: Mapping[str, object]) -> Path:
    """Write `stacks/Pulumi.<environment>.yaml`, a copy of the file of `source` with `changes`.

    A change is a path with a value, such as `clusters.cpu-cluster.max` and 4; None takes what is
    there out, which is then as by default. Comments and order stay. Raises `Failure`, and leaves
    no file, when there is one already, when there is none of `source`, when a path leads through
    a value that holds nothing below it, and when what came out is not valid.
    """
    path = stack_files.path(environment)
    content = _read(source)
    settings = (content.get("config") or {}).get(SETTINGS)
    if not isinstance(settings, MutableMapping):
        raise Failure(f"{stack_files.shown(source)} has no {SETTINGS} to copy.")
    for name, value in changes.items():
        _change(settings, name, value)
    try:
        with path.open("x", encoding="utf-8") as file:
            _yaml().dump(content, file)
    except FileExistsError:
        raise Failure(
            f"{stack_files.shown(environment)} exists and is left as it is. Edit it, or choose "
            "another name."
        ) from None
    try:
        _retitle(path, source, environment)
        stacks.check_settings(environment)
    except BaseException:
        path.unlink()
        raise
    return path


def _change(settings: MutableMapping[str, Any], name: str, value: object) -> None:
    *above, last = name.split(".")
    section = settings
    for part in above:
        if section.get(part) is None:
            if value is None:
                return
            section[part] = CommentedMap()
        if not isinstance(section[part], MutableMapping):
            raise Failure(f"'{name}' cannot be set: '{part}' is {section[part]!r}, no section.")
        section = section[part]
    if value is None:
        section.pop(last, None)
    else:
        section[last] = value


def _retitle(path: Path, source: str, environment: str) -> None:
    """The line at the top that says what the source is for is not true of its copy."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    for number, line in enumerate(lines):
        if line.startswith(f"# {source}:"):
            lines[number] = f"# {environment}: made from {source}.\n"
    path.write_text("".join(lines), encoding="utf-8")


def _read(environment: str) -> CommentedMap:
    path = stack_files.path(environment)
    try:
        content = _yaml().load(path)
    except FileNotFoundError:
        raise stack_files.missing(environment) from None
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        raise Failure(
            f"{stack_files.shown(environment)}{line}: not valid YAML: {problem}"
        ) from None
    if not isinstance(content, CommentedMap):
        raise Failure(f"{stack_files.shown(environment)} holds no settings to copy.")
    return content


def _yaml() -> YAML:
    """Reads and writes without touching comments, quotes and style."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml

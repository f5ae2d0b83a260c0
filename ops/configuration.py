"""Stack files: made out of one another, and what is in effect in them."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from ops import stacks
from ops.failure import Failure
from ops.target import ROOT

KEY = "amlops:settings"


def new_stack_file(environment: str, source: str, changes: Mapping[str, object]) -> Path:
    """Write `stacks/Pulumi.<environment>.yaml`, a copy of the file of `source` with `changes`.

    A change is a path with a value, such as `clusters.cpu-cluster.max` and 4; None takes what is
    there out, which is then as by default. Comments and order stay. Raises `Failure`, and leaves
    no file, when there is one already, when there is none of `source`, when a path leads through
    a value that holds nothing below it, and when what came out is not valid.
    """
    path = _file(environment)
    content = _read(source)
    settings = (content.get("config") or {}).get(KEY)
    if not isinstance(settings, MutableMapping):
        raise Failure(f"{_shown(_file(source))} has no {KEY} to copy.")
    for name, value in changes.items():
        _change(settings, name, value)
    try:
        with path.open("x", encoding="utf-8") as file:
            _yaml().dump(content, file)
    except FileExistsError:
        raise Failure(
            f"{_shown(path)} exists and is left as it is. Edit it, or choose another name."
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
    path = _file(environment)
    try:
        content = _yaml().load(path)
    except FileNotFoundError:
        raise stacks.no_such_stack(environment) from None
    except YAMLError as error:
        raise Failure(f"{_shown(path)}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, CommentedMap):
        raise Failure(f"{_shown(path)} holds no settings to copy.")
    return content


def _yaml() -> YAML:
    """Reads and writes without touching comments, quotes and style."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _file(environment: str) -> Path:
    return ROOT / "stacks" / f"Pulumi.{environment}.yaml"


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))

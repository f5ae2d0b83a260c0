"""Settings out of a stack file; every mistake in one is a line of a SettingsError."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path as File

import yaml
from pydantic import ValidationError

from infra.settings.faults import KEY, Fault, Place, SettingsError, did_you_mean
from infra.settings.fields import Environment, Section
from infra.settings.messages import check
from infra.settings.registry import RegistryStack
from infra.settings.source import Source, read
from infra.settings.stack import Settings

ROOT = File(__file__).parent.parent.parent
Stack = Settings | RegistryStack
KINDS: dict[str, type[Settings] | type[RegistryStack]] = {
    "environment": Settings,
    "registry": RegistryStack,
}
PULUMIS = ("encryptionsalt", "encryptedkey", "secretsprovider", "environment")
"""What Pulumi itself keeps beside `config` in a stack file; of other keys it says nothing."""
NOTHING = (
    "says nothing; write settings below it, as docs/infra.md has them, or have another file "
    "copied: amlops config new NAME --from ENV"
)


def parse(data: object, file: str, root: File = ROOT) -> Stack:
    """The settings out of what Pulumi read under `amlops:settings`; raises SettingsError.

    Mistakes have lines when `file` says just that; Pulumi may have been given another one.
    """
    return _checked(data, _source_of(data, file, root), file)


def mistaken(data: object, file: str, faults: Iterable[Fault], root: File = ROOT) -> SettingsError:
    """Of faults that only Azure knows of: told as `parse` tells those of the settings alone."""
    return SettingsError(file, _placed(faults, _source_of(data, file, root)))


def _source_of(data: object, file: str, root: File) -> Source:
    with suppress(OSError, UnicodeError, yaml.YAMLError, LookupError, TypeError):
        written = read((root / file).read_text(encoding="utf-8"))
        if written.data["config"][KEY] == data:
            return written
    return Source(None)


def _placed(faults: Iterable[Fault], source: Source) -> list[Fault]:
    """Below `amlops:settings`, each with its line."""
    return [
        Fault((KEY, *fault.path), fault.text, source.place(("config", KEY, *fault.path)))
        for fault in faults
    ]


def check_environment(name: str, file: str) -> str:
    """The stack's name, which is part of every resource's name; raises SettingsError."""
    try:
        return _EnvironmentName(name=name).name
    except ValidationError as error:
        text = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise SettingsError(file, [Fault((f"stack name {name!r}",), text)]) from None


def load(environment: str, root: File = ROOT) -> Stack:
    """The settings of a stack from its file; raises SettingsError."""
    return load_with_source(environment, root)[0]


def load_with_source(environment: str, root: File = ROOT) -> tuple[Stack, Source]:
    """The settings and the file that they come from; raises SettingsError."""
    path = root / "stacks" / f"Pulumi.{environment}.yaml"
    file = str(path.relative_to(root))
    check_environment(environment, file)
    text = ""
    try:
        text = path.read_text(encoding="utf-8")
        source = read(text)
    except FileNotFoundError:
        known = sorted(p.name.split(".")[1] for p in path.parent.glob("Pulumi.*.yaml"))
        told = f"no such stack; there are {', '.join(known)}{did_you_mean(environment, known)}"
        raise SettingsError(file, [Fault((), told)]) from None
    except OSError as error:
        raise SettingsError(file, [Fault((), f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise SettingsError(file, [Fault((), "not valid YAML: it is not UTF-8")]) from None
    except yaml.YAMLError as error:
        raise SettingsError(file, [_no_yaml(error, text)]) from None
    return _checked(_settings_of(source, file), source, file), source


def _settings_of(source: Source, file: str) -> object:
    top = {} if source.data is None else source.data
    if not isinstance(top, Mapping):
        fault = Fault((), f"expected config, with {KEY} in it", source.places.get(()))
        raise SettingsError(file, [fault])
    allowed = ("config", *PULUMIS)
    unknown = [
        Fault((key,), f"unknown; allowed are {', '.join(allowed)}{did_you_mean(key, allowed)}", at)
        for key in top
        if key not in allowed and (at := source.place((key,)))
    ]
    config = {} if top.get("config") is None else top["config"]
    if not isinstance(config, Mapping):
        place = source.place(("config",))
        fault = Fault(("config",), f"expected keys such as {KEY}", place)
        raise SettingsError(file, [*unknown, fault])
    unknown += [
        Fault((key,), f"unknown; allowed is {KEY}", source.place(("config", key)))
        for key in config
        if key.startswith("amlops:") and key != KEY
    ]
    if unknown:
        raise SettingsError(file, unknown)
    return config.get(KEY)


def _checked(data: object, source: Source, file: str) -> Stack:
    if data is None:
        raise SettingsError(file, [Fault((KEY,), NOTHING, source.place(("config", KEY)))])
    kind = data.get("kind", "environment") if isinstance(data, Mapping) else "environment"
    if not isinstance(kind, str) or kind not in KINDS:
        text = f"{kind!r}; allowed are {' and '.join(KINDS)}"
        place = source.place(("config", KEY, "kind"))
        raise SettingsError(file, [Fault((KEY, "kind"), text, place)])
    settings, faults = check(KINDS[kind], data)
    placed = _placed(faults, source)
    twice = [Fault(fault.path[1:], fault.text, fault.place) for fault in source.faults]
    if settings is None or twice:
        raise SettingsError(file, [*twice, *placed])
    return settings


def _no_yaml(error: yaml.YAMLError, text: str) -> Fault:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or " ".join(str(error).split())
    place = Place(mark.line + 1, mark.column + 1) if mark else None
    begun = "".join(text.splitlines()[mark.line : mark.line + 1])[: mark.column + 1] if mark else ""
    if re.match(r" *\t", begun):
        problem = "a tab; indent with spaces"
    return Fault((), f"not valid YAML: {problem}", place)


class _EnvironmentName(Section):
    name: Environment

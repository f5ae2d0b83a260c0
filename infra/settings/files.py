"""Settings out of a stack file; every mistake in one is a SettingsError."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import ValidationError

from infra.settings.fields import Environment, Section
from infra.settings.messages import KEY, SettingsError, message
from infra.settings.stack import Settings

ROOT = Path(__file__).parent.parent.parent


def parse(data: object, file: str) -> Settings:
    """The settings out of what `amlops:settings` holds in `file`; raises SettingsError."""
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        raise SettingsError(message(error, file, Settings)) from None


def check_environment(name: str, file: str) -> str:
    """The stack's name, which is part of every resource's name; raises SettingsError."""
    try:
        return _EnvironmentName(name=name).name
    except ValidationError as error:
        text = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{file}: stack name {name!r}: {text}") from None


def load(environment: str, root: Path = ROOT) -> Settings:
    """The settings of a stack from its file; raises SettingsError."""
    path = root / "stacks" / f"Pulumi.{environment}.yaml"
    file = str(path.relative_to(root))
    check_environment(environment, file)
    try:
        content = yaml.safe_load(path.read_text()) or {}
    except FileNotFoundError:
        known = sorted(p.name.split(".")[1] for p in path.parent.glob("Pulumi.*.yaml"))
        raise SettingsError(f"{file}: no such stack; there are {', '.join(known)}") from None
    except yaml.YAMLError as error:
        place = " ".join(str(error).split())
        raise SettingsError(f"{file}: not valid YAML: {place}") from None
    config = content.get("config", {}) if isinstance(content, Mapping) else None
    if not isinstance(config, Mapping):
        raise SettingsError(f"{file}: config: expected keys such as {KEY}")
    unknown = [key for key in config if str(key).startswith("amlops:") and key != KEY]
    if unknown:
        raise SettingsError(f"{file}: {unknown[0]}: unknown; allowed is {KEY}")
    return parse(config.get(KEY), file)


class _EnvironmentName(Section):
    name: Environment

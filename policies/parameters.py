"""The values that people change: `parameters.yaml`, as they are for one stack."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

FOLDER = Path(__file__).parent
FILE = FOLDER / "parameters.yaml"
DEFAULT = "default"
M = TypeVar("M", bound=BaseModel)


class PolicyError(Exception):
    """What is wrong in a file of the pack: the file, the place in it, what is allowed."""


class Parameters(BaseModel):
    """The values for one environment; `parameters.yaml` says what each is for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    required_tags: tuple[str, ...]
    allowed_regions: tuple[str, ...]
    vm_sizes: dict[str, float]
    cluster_nodes: int
    cluster_idle_minutes: int
    cluster_usd_per_hour: float
    instance_idle_minutes: int
    storage_skus: tuple[str, ...]
    storage_soft_delete_days: int
    sas_days: int
    vault_soft_delete_days: int
    key_bits: int
    registry_skus: tuple[str, ...]
    log_retention_days: int
    budget: float
    forbidden_roles: dict[str, str]
    role_wildcards: tuple[str, ...]


class Tables(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    environments: dict[str, tuple[str, ...]]
    """Patterns of stack names, in their order."""
    parameters: dict[str, dict[str, Any]]
    """Values by environment."""


def load_yaml(file: Path) -> Any:
    """What a file of the pack holds; raises PolicyError where it is not there or not YAML."""
    # The C loader is ten times as quick, and the pack is read at every preview.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(file.read_text(), loader)  # noqa: S506
    except OSError as error:
        raise PolicyError(f"{place(file)}: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise PolicyError(
            f"{place(file)}: not valid YAML: {' '.join(str(error).split())}"
        ) from None


def place(file: Path) -> str:
    """How an error names a file of the pack."""
    return str(file.relative_to(FOLDER.parent)) if file.is_relative_to(FOLDER) else str(file)


def checked(model: type[M], value: object, where: str) -> M:
    """The value as a model; raises PolicyError with the first thing that is wrong, in words."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
    path = ".".join(str(part) for part in first["loc"])
    text = first["msg"].removeprefix("Value error, ")
    what = f"{path}: {text[0].lower()}{text[1:]}" if path else text
    raise PolicyError(f"{where}: {what}")


@cache
def tables(file: Path = FILE) -> Tables:
    """What the file holds; raises PolicyError where it has another shape."""
    return checked(Tables, load_yaml(file), place(file))


def environment_of(stack: str) -> str:
    """The environment whose levels and values hold for a stack: the first whose pattern fits."""
    for name, patterns in tables().environments.items():
        if any(fnmatchcase(stack, pattern) for pattern in patterns):
            return name
    return DEFAULT


def for_environment(values: dict[str, Any], environment: str) -> Any:
    return values.get(environment, values[DEFAULT])


def check_environments(keys: Any, where: str) -> None:
    """Raises PolicyError for one that `parameters.yaml` does not know, or without a default."""
    known = {DEFAULT, *tables().environments}
    unknown = sorted(set(keys) - known)
    if unknown:
        raise PolicyError(f"{where}: {unknown[0]}: unknown; allowed are {', '.join(sorted(known))}")
    if DEFAULT not in keys:
        raise PolicyError(f"{where}: {DEFAULT} is missing")


@cache
def options() -> dict[str, dict[str, Any]]:
    """Each value by environment; raises PolicyError for an environment that is not known."""
    found = tables().parameters
    for name, values in found.items():
        check_environments(values, f"{place(FILE)}: {name}")
    return found


@cache
def parameters(stack: str) -> Parameters:
    """The values that hold for a stack; raises PolicyError."""
    environment = environment_of(stack)
    values = {name: for_environment(given, environment) for name, given in options().items()}
    return checked(Parameters, values, place(FILE))

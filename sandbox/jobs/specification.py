"""What an environment asks for, read from an Azure ML environment and made one by its hash."""

from __future__ import annotations

import fnmatch
import functools
import hashlib
import json
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from sandbox.arm.resource import Resource

_REGISTRY = re.compile(r"^azureml://registries/[^/]+/environments/([^/]+)(/.*)?$", re.IGNORECASE)
_CONDA = re.compile(r"^(?:[\w./-]+::)?([\w.-]+)\s*([=<>!~].*)?$")


class InvalidEnvironmentError(Exception):
    """An environment that cannot be read or built; the message is for the person who wrote it."""


@dataclass(frozen=True)
class Specification:
    """python: the version wanted, None for the sandbox's own. notes: warnings for the job's log.

    requirements: lines of a requirements file; index options may be among them.
    """

    python: str | None = None
    requirements: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, environment: Resource | Mapping[str, Any] | str, context: Path | None = None
    ) -> Specification:
        """Read an environment asset, the properties of one, or the name of a curated one.

        `context` is where the build context of the asset has been downloaded to. Raises
        InvalidEnvironmentError on an unknown curated name and on a malformed conda file.
        """
        if isinstance(environment, str):
            return _curated(environment)
        properties = environment.properties if isinstance(environment, Resource) else environment
        if properties.get("condaFile"):
            return _conda(str(properties["condaFile"]))
        if properties.get("build"):
            return _context(context)
        note = (
            f"The sandbox runs no Docker images: '{properties.get('image')}' is replaced by the "
            "default set of packages. Give the environment a conda file to choose them."
        )
        return cls(requirements=default_packages(), notes=(note,))

    def with_requirements(self, *requirements: str) -> Specification:
        """The same and more, for instance what a deployment's server needs."""
        return replace(self, requirements=(*self.requirements, *requirements))

    @property
    def hash(self) -> str:
        """The same for all that asks for the same packages; order and notes do not count."""
        python = self.python or platform.python_version()
        wanted = [sys.platform, platform.machine(), python, *sorted(set(self.requirements))]
        return hashlib.sha256(json.dumps(wanted).encode()).hexdigest()[:16]


def curated_name(reference: str) -> str | None:
    """The name in a reference to a curated environment; None when it is not one.

    ``azureml://registries/azureml/environments/sklearn-1.5/labels/latest`` and
    ``AzureML-sklearn-1.5@latest`` are both ``sklearn-1.5``.
    """
    registered = _REGISTRY.match(reference)
    name = registered.group(1) if registered else reference
    name = re.split("[@:]", name.removeprefix("azureml:"), maxsplit=1)[0].lower()
    if not registered and not name.startswith("azureml-"):
        return None
    return name.removeprefix("azureml-")


def is_curated(reference: str) -> bool:
    """Whether the table has packages for this reference."""
    name = curated_name(reference)
    return name is not None and _packages(name) is not None


def default_packages() -> tuple[str, ...]:
    """What an environment without packages of its own gets."""
    return tuple(_table()["default"])


def _curated(reference: str) -> Specification:
    name = curated_name(reference) or reference.lower()
    packages = _packages(name)
    if packages is None:
        raise InvalidEnvironmentError(
            f"The curated environment '{reference}' is not in this sandbox. It has: "
            f"{', '.join(_table()['curated'])}."
        )
    note = f"Packages that stand for the curated environment '{name}': {', '.join(packages)}."
    return Specification(requirements=tuple(packages), notes=(note,))


def _packages(name: str) -> list[str] | None:
    for pattern, packages in _table()["curated"].items():
        if fnmatch.fnmatchcase(name, pattern):
            return list(packages)
    return None


def _context(context: Path | None) -> Specification:
    """A Dockerfile is not run; the packages that its folder lists are installed."""
    note = "The sandbox builds no Docker images. Packages are read from the build context: "
    for path in sorted(context.rglob("*")) if context else []:
        if path.name in ("conda.yml", "conda.yaml", "conda_dependencies.yml", "environment.yml"):
            found = _conda(path.read_text())
            return replace(found, notes=(f"{note}{path.name}.", *found.notes))
        if path.name == "requirements.txt":
            lines = _requirements(path.read_text().splitlines(), path.name)
            return Specification(requirements=lines, notes=(f"{note}{path.name}.",))
    missing = "it holds no requirements.txt or conda file, so the default set is used."
    return Specification(requirements=default_packages(), notes=(note + missing,))


def _conda(text: str) -> Specification:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidEnvironmentError(f"The conda file is not valid YAML: {error}") from None
    dependencies = document.get("dependencies") if isinstance(document, dict) else None
    if not isinstance(dependencies, list):
        raise InvalidEnvironmentError("The conda file has no list 'dependencies'.")
    python: str | None = None
    requirements: list[str] = []
    for entry in dependencies:
        if isinstance(entry, dict) and isinstance(entry.get("pip"), list):
            requirements += _requirements(entry["pip"], "conda file")
        elif isinstance(entry, str) and (match := _CONDA.match(entry.strip())):
            name, version = match.group(1).lower(), match.group(2) or ""
            if name == "python":
                python = re.sub(r"[^\d.].*", "", version.lstrip("=<>~! ")).rstrip(".") or None
            else:
                requirements += _from_conda(name, version)
        else:
            raise InvalidEnvironmentError(f"The conda file's dependency '{entry}' cannot be read.")
    return Specification(python, tuple(requirements))


def _from_conda(name: str, version: str) -> list[str]:
    """``numpy=1.26`` means any 1.26, ``numpy==1.26`` exactly that, a build is left out."""
    translated = _table()["conda"].get(name, name)
    if translated is None:
        return []
    version = version.replace(" ", "")
    single = re.match(r"^=(?!=)([^=]+)", version)
    if single:
        number = single.group(1).rstrip("*").rstrip(".")
        return [f"{translated}=={number}.*"]
    return [f"{translated}{version}"]


def _requirements(lines: list[Any], source: str) -> tuple[str, ...]:
    kept = []
    for line in lines:
        text = re.sub(r"(^|\s)#.*$", "", str(line)).strip()
        if re.match(r"-(r|c|e)\b|--(requirement|constraint|editable)\b", text):
            raise InvalidEnvironmentError(
                f"'{text}' in the {source} refers to a file; list the packages themselves."
            )
        if text:
            kept.append(text)
    return tuple(kept)


@functools.cache
def _table() -> dict[str, Any]:
    path = Path(__file__).with_name("environments.yaml")
    table: dict[str, Any] = yaml.safe_load(path.read_text())
    return table

"""The regions there are, and which of them offer what: tables beside this file."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import yaml

from sandbox.arm.writes import squeeze


@functools.cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("regions.yaml").read_text())
    return table


@functools.cache
def display_names() -> dict[str, str]:
    """``eastus`` -> ``East US``."""
    names: dict[str, str] = _table()["names"]
    return names


def offering(namespace: str) -> list[str]:
    """The display names of the regions where a provider's resources can be."""
    missing = {name.lower(): regions for name, regions in _table()["missing"].items()}
    without = missing.get(namespace.lower(), [])
    return [text for name, text in display_names().items() if name not in without]


@functools.cache
def vm_sizes() -> list[dict[str, Any]]:
    """Every size that is offered somewhere; `missing` lists the regions where it is not."""
    sizes: list[dict[str, Any]] = yaml.safe_load(
        Path(__file__).with_name("vm_sizes.yaml").read_text()
    )
    return sizes


def vm_size(name: object) -> dict[str, Any] | None:
    """By its name, without case; None for one that the table does not have."""
    return _by_name().get(str(name).lower())


@functools.cache
def _by_name() -> dict[str, dict[str, Any]]:
    return {size["name"].lower(): size for size in vm_sizes()}


def vm_sizes_in(region: str) -> list[dict[str, Any]]:
    """The sizes that a region offers."""
    return [size for size in vm_sizes() if squeeze(region) not in size.get("missing", [])]

"""What is installed in the environment that Pulumi programs run in."""

import importlib.metadata
import json
import re
import sysconfig
from pathlib import Path

from pulumi.runtime.proto import plugin_pb2


def version(distribution: str) -> str:
    """The installed version of a distribution."""
    return importlib.metadata.version(distribution)


def with_plugins() -> list[plugin_pb2.PackageDependency]:
    """The provider plugins that the installed SDKs ask for, each in its pulumi-plugin.json."""
    found = []
    for path in sorted(Path(sysconfig.get_path("purelib")).glob("*/pulumi-plugin.json")):
        plugin = json.loads(path.read_text())
        if plugin.get("resource"):
            found.append(
                plugin_pb2.PackageDependency(
                    kind="resource",
                    name=plugin["name"],
                    version="v" + plugin["version"].removeprefix("v"),
                    server=plugin.get("server", ""),
                )
            )
    return found


def installed(*, transitive: bool) -> list[tuple[str, str]]:
    """Name and version of every distribution, or without `transitive` of those no other needs."""
    distributions = {
        _normal(each.metadata["Name"]): each for each in importlib.metadata.distributions()
    }
    needed = {
        _normal(re.split(r"[^\w.-]", requirement, maxsplit=1)[0])
        for each in distributions.values()
        for requirement in each.requires or []
    }
    return sorted(
        (name, each.version)
        for name, each in distributions.items()
        if transitive or name not in needed
    )


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()

import json
from pathlib import Path

import pytest

from tools.pulumi import packages


def test_azure_native_asks_for_its_plugin_in_its_own_version() -> None:
    found = {each.name: each for each in packages.with_plugins()}
    assert found["azure-native"].kind == "resource"
    assert found["azure-native"].version == f"v{packages.version('pulumi-azure-native')}"


def test_an_sdk_that_needs_no_plugin_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, resource in [("one", True), ("other", False)]:
        (tmp_path / name).mkdir()
        plugin = {"resource": resource, "name": name, "version": "1.2.3"}
        (tmp_path / name / "pulumi-plugin.json").write_text(json.dumps(plugin))
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    assert [each.name for each in packages.with_plugins()] == ["one"]


def test_direct_dependencies_are_those_that_nobody_else_needs() -> None:
    everything = dict(packages.installed(transitive=True))
    direct = dict(packages.installed(transitive=False))
    assert everything["click"] == packages.version("click")
    assert "amlops" in direct
    assert "click" not in direct
    assert direct.items() < everything.items()

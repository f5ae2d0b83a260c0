import sys
from pathlib import Path

import pytest

from tools.setup import prerequisites
from tools.setup.failure import SetUpError
from tools.setup.prerequisites import GIT, GO, NODE, NPM, check, parse_version, problem


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on whose PATH is only what a test puts there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def install(machine: Path, command: str, prints: str, code: int = 0) -> None:
    program = machine / command
    program.write_text(f"#!/bin/sh\necho '{prints}'\nexit {code}\n")
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v20.20.2", (20, 20, 2)),
        ("go version go1.26.8 linux/amd64", (1, 26, 8)),
        ("go version devel go1.27-abc linux/amd64", (1, 27)),
        ("git version 2.39.5 (Apple Git-154)", (2, 39, 5)),
        ("v3.220.0-alpha.1+dirty", (3, 220, 0)),
        ("11\n", (11,)),
    ],
)
def test_version_is_the_first_number(text: str, version: tuple[int, ...]) -> None:
    assert parse_version(text) == version


def test_text_without_version_is_refused() -> None:
    with pytest.raises(ValueError, match="no version number in 'unknown'"):
        parse_version("unknown")


@pytest.mark.parametrize("tool", [GIT, NODE, NPM, GO])
def test_missing_tool_says_what_is_wanted_why_and_how_to_get_it(
    tool: prerequisites.Tool, machine: Path
) -> None:
    message = problem(tool)
    assert message is not None
    assert message.startswith(f"{tool.name} is missing: there is no `{tool.command}` on PATH.")
    assert f"Wanted: {tool.name}" in message
    assert tool.reason in message
    assert tool.source in message


@pytest.mark.parametrize(
    ("tool", "prints", "message"),
    [
        (NODE, "v18.20.4", "Node.js 18.20.4 at {machine}/node is too old. Wanted: Node.js >= 20 "),
        (NPM, "8.19.4", "npm 8.19.4 at {machine}/npm is too old. Wanted: npm >= 9 "),
        (GO, "go version go1.20.14 linux/amd64", "Go 1.20.14 at {machine}/go is too old. "),
    ],
)
def test_old_tool_says_both_versions(
    tool: prerequisites.Tool, prints: str, message: str, machine: Path
) -> None:
    install(machine, tool.command, prints)
    assert (problem(tool) or "").startswith(message.format(machine=machine))


@pytest.mark.parametrize("prints", ["v20.0.0", "v24.1.0"])
def test_new_enough_tool_is_no_problem(prints: str, machine: Path) -> None:
    install(machine, "node", prints)
    assert problem(NODE) is None


def test_tool_that_does_not_run_is_told_from_a_missing_one(machine: Path) -> None:
    install(machine, "node", "cannot load libnode.so", code=127)
    assert (problem(NODE) or "").startswith(f"Node.js at {machine}/node does not work: ")


def test_all_problems_are_told_at_once(machine: Path) -> None:
    install(machine, "node", "v16.0.0")
    with pytest.raises(SetUpError) as raised:
        check([NODE, GO, NODE], machine, gigabytes=0)
    message = str(raised.value)
    assert message.count("Node.js 16.0.0") == 1
    assert "Go is missing" in message


def test_full_disk_is_told_with_what_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(SetUpError, match=r"GB free\. Wanted: 1000000 GB for set-up"):
        check([], tmp_path, gigabytes=1e6)


def test_python_without_venv_names_the_package_that_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "ensurepip" else True
    )
    message = prerequisites.venv_problem()
    assert message is not None
    assert sys.executable in message
    assert f"apt install python3.{sys.version_info.minor}-venv" in message

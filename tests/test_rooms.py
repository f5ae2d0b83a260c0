"""Who knows whom: the imports between the rooms, as STYLE and README say.

- Nothing reads `infra` but itself; it reads `stacks`, which holds no code.
- `ops` meets Azure through the official SDKs; only its commands for the sandbox import `sandbox`.
- `sandbox` imports no other room, and no module of it names this project's program or workloads.
- `workloads` import nothing of ours: they run in any workspace.
- `policies` look at what Pulumi is about to make, not at the program that makes it.
"""

from __future__ import annotations

import ast
import itertools
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = {"infra", "policies", "ops", "sandbox", "workloads", "pipelines", "tools", "bench", "tests"}
SANDBOX_COMMANDS = "ops/commands/sandbox.py"

# room -> the other rooms that it may import
ALLOWED: dict[str, set[str]] = {
    "infra": set(),
    "policies": set(),
    "ops": set(),
    "sandbox": set(),
    "workloads": set(),
    "pipelines": set(),  # calls the command `amlops`
    "tools": {"ops", "sandbox"},  # the demo types commands and looks at what the sandbox left
    "bench": {"sandbox"},  # measures it, from outside and in process
}
EXCEPTIONS = {SANDBOX_COMMANDS: {"sandbox"}}


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imported(file: Path) -> set[str]:
    """The top-level packages that a module imports, by statement or by ``import_module``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else None
            called = node.func.id if isinstance(node.func, ast.Name) else called
            if called in {"import_module", "__import__"}:
                found.add(str(node.args[0].value).split(".")[0])
    return found


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_only_the_rooms_that_it_knows(room: str) -> None:
    wrong = {}
    for file in modules(room):
        path = str(file.relative_to(ROOT))
        others = imported(file) & ROOMS - {room} - ALLOWED[room] - EXCEPTIONS.get(path, set())
        if others:
            wrong[path] = others
    assert wrong == {}


def test_workloads_do_not_import_each_other() -> None:
    """A workload is copied away alone; `src` and `scoring` are folders, not packages of ours."""
    assert all("workloads" not in imported(file) for file in modules("workloads"))


def test_the_sandbox_starts_no_module_of_another_room() -> None:
    """By ``python -m`` a room could be reached without an import."""
    started = set()
    for file in modules("sandbox"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, (ast.List, ast.Tuple)):
                continue
            words = [item.value for item in node.elts if isinstance(item, ast.Constant)]
            for option, module in itertools.pairwise(words):
                if option == "-m":
                    started.add(str(module).split(".")[0])
    assert "sandbox" in started, "its own modules are started so"
    assert not started & (ROOMS - {"sandbox"})


def test_every_room_has_modules() -> None:
    """An empty or renamed room would pass everything."""
    assert all(modules(room) for room in ALLOWED)
    assert (ROOT / SANDBOX_COMMANDS).is_file()
    assert "sandbox" in imported(ROOT / SANDBOX_COMMANDS)

"""What pages list out of the code is what the code has: fields of JSON, functions, set-up steps,
make's targets, variables.
"""

from __future__ import annotations

import re
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from ops.deployments import Deployed
from ops.jobs import Job
from ops.models import Model
from ops.policies import Violation
from ops.promotion import Check, Gate
from sandbox.environment import OUTER
from tests.docs.test_commands import SECTIONS
from tests.docs.test_pages import PAGES, ROOT, name, tracked
from tools.setup.checkout import Checkout
from tools.setup.plan import steps

RESULTS: list[tuple[str, type[Any]]] = [
    ("amlops train", Job),
    ("amlops models register", Model),
    ("amlops deploy", Deployed),
    ("amlops promote", Check),
    ("amlops policy check", Violation),
]


def page(path: str) -> str:
    return (ROOT / path).read_text()


@pytest.mark.parametrize(("command", "shape"), RESULTS)
def test_every_field_of_a_result_is_documented(command: str, shape: type[Any]) -> None:
    section = SECTIONS[command]
    told = section[section.index("JSON:") :]
    assert [item.name for item in fields(shape) if f"`{item.name}`" not in told] == []


def test_every_key_of_a_gate_is_documented() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", page("docs/workloads.md"), re.MULTILINE))
    assert set(Gate.model_fields) <= rows


def test_every_function_that_is_named_exists() -> None:
    rows = re.findall(r"^\| `ops/(.+?)` \| (.+) \|$", SECTIONS["For Python"], re.MULTILINE)
    assert len(rows) > 5
    for files, functions in rows:
        names = re.findall(r"([\w/]+)\.py", files)
        modules = [import_module(f"ops.{item.replace('/', '.')}") for item in names]
        for function in re.findall(r"`(\w+)`", functions):
            assert any(hasattr(module, function) for module in modules), f"{files}: {function}"


def test_every_step_of_set_up_is_documented() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", page("docs/tools.md").split("\n## ")[0], re.MULTILINE)
    assert rows == [step.name for step in steps(Checkout(ROOT))]


def test_every_message_of_set_up_that_is_named_can_come() -> None:
    """Each part between dots of a message is somewhere in the code."""
    sources = [path.read_text() for path in tracked("tools/setup/*.py")]
    code = re.sub(r"\"\s*\n\s*f?\"", "", " ".join(sources))
    code = re.sub(r"\\n\s*|\s+", " ", code)
    section = page("docs/tools.md").split("## When it stops")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`.+?`) \|", section, re.MULTILINE)
    assert len(cells) > 5
    for message in re.findall(r"`(.+?)`", " ".join(cells)):
        for part in (text.strip() for text in message.split("…")):
            assert part in code, f"set-up never says '{part}'"


@pytest.mark.parametrize("document", PAGES, ids=name)
def test_every_make_target_that_is_named_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", page("Makefile"), re.MULTILINE))
    text = document.read_text()
    named = re.findall(r"`make ([a-z]+)", text) + re.findall(r"^    make ([a-z]+)", text, re.M)
    assert set(named) <= targets


def test_every_make_target_is_documented() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", page("Makefile"), re.MULTILINE)
    assert phony
    pages = "\n".join(path.read_text() for path in PAGES)
    for target in set(phony[1].split()) - {"python-there"}:
        assert re.search(rf"make {target}\b", pages), target


def test_every_variable_that_is_named_is_read() -> None:
    sources = tracked("infra/*.py", "ops/*.py", "sandbox/*.py", "tools/*.py", "bench/*.py")
    sources += tracked("*/*/*.py")
    code = "\n".join(path.read_text() for path in sources if not path.match("tests/**"))
    named = {
        variable
        for path in PAGES
        for variable in re.findall(r"\bAMLOPS_[A-Z_]+\b", path.read_text())
        if not variable.startswith(OUTER)
    }
    assert "AMLOPS_TARGET" in named
    assert {variable for variable in named if f'"{variable}"' not in code} == set()

"""Every claim of parity names a test, and every test that a page names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
_WITNESS = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
_CLAIMS = re.compile(r"^#+ What is as in Azure.*?\n(.*?)(?=^#|\Z)", re.MULTILINE | re.DOTALL)


def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_test_that_a_page_names_is_there(page: Path) -> None:
    missing = []
    for file, name in _WITNESS.findall(page.read_text()):
        path = ROOT / file
        if not path.is_file() or (name and name not in names_in(path)):
            missing.append(f"{file}::{name}")
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_claim_of_parity_names_a_test(page: Path) -> None:
    bare = []
    for section in _CLAIMS.findall(page.read_text()):
        lines = section.splitlines()
        heads = [at - 1 for at, line in enumerate(lines) if set(line) == set("|- ")]
        assert heads, f"{page.name} claims parity without a table of tests"
        bare += [
            line
            for at, line in enumerate(lines)
            if line.startswith("|") and at not in heads and at - 1 not in heads
            if not _WITNESS.search(line)
        ]
    assert not bare


def test_the_sandbox_has_claims() -> None:
    pages = [page for page in PAGES if _CLAIMS.search(page.read_text())]
    assert {"sandbox", "sandbox-arm"} <= {page.stem for page in pages}

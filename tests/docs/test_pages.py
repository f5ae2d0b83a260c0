"""What a page says exists: the tests that witness its claims, its links, the modules it names."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]


def tracked(*patterns: str) -> list[Path]:
    """Files that git knows, those that are new and not ignored included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = (ROOT / line for line in told.stdout.splitlines())
    return sorted(path for path in found if path.is_file())


PAGES = tracked("*.md")
PARITY = [page for page in PAGES if page.match("docs/sandbox*.md")]
WITNESS = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
PATH = re.compile(
    r"`((?:infra|ops|policies|sandbox|tools|tests|workloads|stacks|bench|docs)/[\w./-]*)`"
)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@functools.cache
def functions(file: str) -> set[str]:
    """The tests in a file."""
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@functools.cache
def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def text_of(page: Path) -> str:
    """Without blocks of code, in which a bracket is no link."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_test_that_is_named_exists(page: Path) -> None:
    for file, function in WITNESS.findall(page.read_text()):
        assert (ROOT / file).is_file(), f"{name(page)} names {file}"
        assert not function or function in functions(file), f"{name(page)}: {file}::{function}"


@pytest.mark.parametrize("page", PARITY, ids=name)
def test_every_claim_of_parity_has_a_witness(page: Path) -> None:
    rows = re.findall(r"^\| claim \| test \|\n\|.*\n((?:\|.*\n?)+)", page.read_text(), re.MULTILINE)
    assert rows, f"{name(page)} has no table of claims"
    for row in "".join(rows).splitlines():
        claim, test = (cell.strip() for cell in row.strip("|").split("|"))
        assert "::" in test, f"{name(page)}: '{claim}' names no test"
        assert WITNESS.sub("", test).strip(" ,") == "", f"{name(page)}: '{claim}': {test}"


def test_the_parity_pages_say_what_is_not() -> None:
    for page in PARITY:
        assert re.search(r"^#+ What .*not", page.read_text(), re.MULTILINE), name(page)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = unquote(target).partition("#")
        goal = (page.parent / path).resolve() if path else page
        assert goal.exists(), f"{name(page)} links to {target}"
        assert not anchor or anchor in anchors(goal), f"{name(page)} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_file_and_folder_that_is_named_exists(page: Path) -> None:
    for path in PATH.findall(page.read_text()):
        if path.isupper() or re.search(r"[A-Z]{3,}", path):
            continue  # a placeholder such as workloads/MODEL
        assert (ROOT / path).exists(), f"{name(page)} names {path}"


def test_the_patterns_find_what_they_look_for() -> None:
    text = (ROOT / "README.md").read_text()
    assert WITNESS.findall(text)
    assert PATH.findall(text)
    assert re.findall(r"\]\(([^)\s]+)\)", text)


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent.name == "docs"], ids=name)
def test_every_page_can_be_reached_from_the_readme(page: Path) -> None:
    seen: set[Path] = set()
    todo = [ROOT / "README.md"]
    while todo:
        here = todo.pop()
        if here in seen or here.suffix != ".md" or not here.is_file():
            continue
        seen.add(here)
        links = re.findall(r"\]\(([^)#\s:]+)", text_of(here))
        todo += [(here.parent / link).resolve() for link in links]
    assert page in seen, f"no page links to {name(page)}"

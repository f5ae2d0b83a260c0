"""`docs/ops.md` and `amlops` agree: commands, arguments and options, in both directions."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ops.cli import COMMANDS, HELP, main

PAGE = Path(__file__).parents[2] / "docs" / "ops.md"
SHARED = {"environment", "target", "output", "directory", "help"}
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")


def leaves(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with its full name."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from leaves(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def sections(text: str) -> dict[str, str]:
    """A page's second-level headings with what is below them."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


LEAVES = dict(leaves(main, "amlops"))
SECTIONS = sections(PAGE.read_text())


def spellings(parameter: click.Parameter) -> list[str]:
    """How a person writes a parameter: the options, or the argument's name in capitals."""
    if isinstance(parameter, click.Option):
        return [*parameter.opts, *parameter.secondary_opts]
    return [(parameter.human_readable_name or "").strip("[].…").upper()]


def first_cells(text: str) -> str:
    """The first column of the tables in a section."""
    return "\n".join(re.findall(r"^\|([^|]*)\|", text, flags=re.MULTILINE))


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    documented = {title for title in SECTIONS if title.startswith("amlops ")}
    assert documented == set(LEAVES)


def test_every_command_has_a_line_of_help() -> None:
    assert set(COMMANDS) == set(HELP)


@pytest.mark.parametrize("name", LEAVES)
def test_every_argument_and_option_is_documented(name: str) -> None:
    section = SECTIONS[name]
    for parameter in LEAVES[name].params:
        place = SECTIONS["Shared"] if parameter.name in SHARED else section
        for spelling in spellings(parameter):
            assert re.search(rf"`{re.escape(spelling)}\b", place) or (
                isinstance(parameter, click.Argument) and re.search(rf"\b{spelling}\b", place)
            ), f"'{spelling}' of `{name}` is not in {PAGE.name}"


@pytest.mark.parametrize("name", LEAVES)
def test_no_option_is_documented_that_does_not_exist(name: str) -> None:
    known = {spelling for item in LEAVES[name].params for spelling in spellings(item)}
    usage = "\n".join(
        line for line in SECTIONS[name].splitlines() if line.startswith(f"    {name}")
    )
    named = set(OPTION.findall(first_cells(SECTIONS[name]) + usage.split(" -- ")[0]))
    assert named <= known


@pytest.mark.parametrize("name", LEAVES)
def test_the_usage_line_names_what_is_required(name: str) -> None:
    lines = SECTIONS[name].splitlines()
    usage = next(line for line in lines if line.startswith("    ") and name in line)
    for parameter in LEAVES[name].params:
        if parameter.name == "environment":
            assert "ENV" in usage
        elif parameter.required:
            assert any(spelling in usage for spelling in spellings(parameter)), parameter.name


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_and_option_explains_itself(name: str) -> None:
    command = LEAVES[name]
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{parameter.name} of {name}"


def test_every_top_level_command_can_be_imported() -> None:
    context = click.Context(main)
    for name in COMMANDS:
        assert main.get_command(context, name) is not None


def examples() -> list[str]:
    """The command lines in all pages that a person could copy as they are."""
    found = []
    for page in [PAGE.parents[1] / "README.md", *sorted(PAGE.parent.glob("*.md"))]:
        for line in re.findall(r"^ {4}(amlops .+)$", page.read_text(), re.MULTILINE):
            shown = line.split("  #")[0].split(" | ")[0].strip()
            if not re.search(r"[\[…]|\bENV\b", shown):
                found.append(shown)
    return list(dict.fromkeys(found))


def test_there_are_examples() -> None:
    assert len(examples()) > 10


@pytest.mark.parametrize("line", examples())
def test_an_example_is_a_command_line_that_amlops_takes(line: str) -> None:
    words = shlex.split(line)
    full = next(name for name in LEAVES if words[: len(name.split())] == name.split())
    LEAVES[full].make_context(full, words[len(full.split()) :])  # raises UsageError

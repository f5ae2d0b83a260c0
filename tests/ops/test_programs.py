"""Other rooms are asked in processes of their own: what they fail with is one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops import programs
from ops.failure import Failure


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module of the name `program`, to be written."""
    monkeypatch.setattr("ops.programs.ROOT", tmp_path)
    return tmp_path / "program.py"


def failure(program: Path, text: str) -> str:
    program.write_text(text)
    with pytest.raises(Failure) as caught:
        programs.ask("program")
    return caught.value.message


def test_a_file_that_cannot_be_written_is_named(program: Path) -> None:
    there = program.parent / "a folder"
    there.mkdir()
    said = failure(program, f"open({str(there)!r}, 'w')")
    assert said == f"{there}: Is a directory."


def test_a_traceback_is_its_last_line(program: Path) -> None:
    assert failure(program, "raise ValueError('no such size')") == "ValueError: no such size"


def test_what_it_says_itself_is_left_as_it_is(program: Path) -> None:
    said = failure(program, "import sys; print('a\\nb', file=sys.stderr); sys.exit(1)")
    assert said == "a\nb"

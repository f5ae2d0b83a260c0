"""Standard output is the result alone: JSON that a pipe can read, or what a person reads."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import redirect_stdout
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops import screen
from ops.commands import infrastructure

Captured = pytest.CaptureFixture[str]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


def test_what_sdks_print_in_a_step_is_not_the_result(capsys: Captured) -> None:
    with screen.step("deploying"):
        print("..............")
    screen.result({"a": 1}, "json")
    out, _ = capsys.readouterr()
    assert json.loads(out) == {"a": 1}


def test_work_goes_on_when_nobody_reads_of_it() -> None:
    """As in `amlops up dev 2>&1 | head`; the thread that tells of Pulumi's steps must live on."""
    script = """
import os, threading
from ops import screen
reader, writer = os.pipe()
os.close(reader)
os.dup2(writer, 2)
def tell():
    for _ in range(3):
        screen.note("x" * 100_000)
        with screen.step("y" * 100_000):
            pass
    screen.show(screen.table(["z"], []))
    print("came to its end")
thread = threading.Thread(target=tell)
thread.start()
thread.join()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "came to its end\n")


def test_the_first_line_and_notes_are_not_the_result(capsys: Captured) -> None:
    screen.header("sandbox", "dev", "up")
    screen.note("one")
    assert capsys.readouterr().out == ""


def test_a_step_that_fails_is_not_ticked_off(capsys: Captured) -> None:
    with pytest.raises(ValueError, match="no"), screen.step("deploying"):
        raise ValueError("no")
    assert "✓" not in capsys.readouterr().err


@given(DATA)
def test_json_is_one_document_with_what_was_given(data: object) -> None:

    with redirect_stdout(io.StringIO()) as out:
        screen.result(data, "json", "not for pipes")
    assert json.loads(out.getvalue()) == data


def test_json_writes_a_date_as_text(capsys: Captured) -> None:
    screen.result({"at": datetime(2026, 1, 2, tzinfo=UTC)}, "json")
    assert json.loads(capsys.readouterr().out)["at"].startswith("2026-01-02")


def test_json_has_no_nan(capsys: Captured) -> None:
    screen.result({"metrics": [{"loss": float("nan"), "gain": float("-inf")}]}, "json")
    (metrics,) = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)["metrics"]
    assert metrics == {"loss": "nan", "gain": "-inf"}


def test_text_is_printed_as_it_is(capsys: Captured) -> None:
    long = "[bold] " + "x" * 500
    screen.result(None, "text", long)
    assert capsys.readouterr().out == long + "\n", "neither markup nor a line's width counts"


def test_a_tables_cells_are_not_cut_in_names(capsys: Captured) -> None:
    name = "n" * 120
    screen.result(None, "text", screen.table(("name", "value"), [(name, None)]))
    assert name in capsys.readouterr().out


def test_a_table_has_no_blanks_at_the_ends_of_its_lines(capsys: Captured) -> None:
    screen.result(None, "text", screen.table(("a", "b"), [("1", "short"), ("2", "x" * 40)]))
    out, _ = capsys.readouterr()
    assert out.splitlines()[1:] == ["1  short", f"2  {'x' * 40}"]


def test_a_table_of_outputs_has_rows_of_what_is_there() -> None:
    found = {"queues": {}, "attached": [], "group": "rg", "protection": False, "count": 0}
    (column, *_) = infrastructure._table(found).columns
    assert list(column.cells) == ["group", "protection", "count"]

"""Reports as a pull request shows them."""

from __future__ import annotations

from ops.markdown import FOLDED, report


def test_a_report_is_a_heading_and_a_table() -> None:
    assert report("dev: 1 made", ("", "name"), [("+", "group"), ("~", None)]).splitlines() == [
        "### dev: 1 made",
        "",
        "|  | name |",
        "| --- | --- |",
        "| + | group |",
        "| ~ |  |",
    ]


def test_nothing_to_report_is_no_table() -> None:
    assert report("dev: nothing to do", ("", "name"), []) == "### dev: nothing to do\n"


def test_what_is_in_a_cell_does_not_end_it() -> None:
    text = report("t", ("name",), [("a|b\n<script>",)])
    assert "| a\\|b &lt;script> |" in text.splitlines()


def test_a_long_table_is_folded() -> None:
    assert "<details>" not in report("t", ("n",), [("x",)] * FOLDED)
    assert "<details>" in report("t", ("n",), [("x",)] * (FOLDED + 1))

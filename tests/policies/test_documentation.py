"""`docs/policies.md` lists the rules as they are."""

from __future__ import annotations

from policies.catalogue import rules
from policies.documentation import PAGE, page


def test_the_table_of_rules_is_current() -> None:
    text = PAGE.read_text()
    assert text == page(text), "run: python -m policies.documentation"


def test_every_rule_is_in_it() -> None:
    text = PAGE.read_text()
    assert all(f"| `{id_}` |" in text for id_ in rules())

"""The reader of expressions: what it understands, and that it fails on everything else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pipelines.expressions import Scope, Unresolved

SCOPE = Scope(
    {
        "github": {"event": {"action": "closed", "labels": [{"name": "a"}, {"name": "b"}]}},
        "vars": {"EMPTY": ""},
        "variables": {"Build.Reason": "PullRequest"},
    },
    {"contains": lambda where, what: what in where, "eq": lambda a, b: a == b},
)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'it''s'", "it's"),
        ("github.event.action", "closed"),
        ("github.event.action == 'Closed'", True),
        ("github.event.action != 'closed' || vars.EMPTY", ""),
        ("vars.EMPTY || 'ubuntu'", "ubuntu"),
        ("!vars.EMPTY && (1 == 1)", True),
        ("contains(github.event.labels.*.name, 'b')", True),
        ("eq(variables['Build.Reason'], 'PullRequest')", True),
    ],
)
def test_what_is_understood(expression: str, value: Any) -> None:
    assert SCOPE.evaluate(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        "secrets.PASSWORD",
        "vars.MISSING",
        "github.event.action.more",
        "unheard_of('x')",
        "vars.EMPTY ? 1 : 2",
        "vars.EMPTY vars.EMPTY",
        "(vars.EMPTY",
        "vars.EMPTY ==",
        "",
    ],
)
def test_what_is_not_understood_fails(expression: str) -> None:
    with pytest.raises(Unresolved):
        SCOPE.evaluate(expression)

"""The language of templates, against examples of "ARM template functions", Microsoft Learn."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.templates.expressions import TemplateError
from sandbox.templates.functions import evaluator, resource_id

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
ID = "/subscriptions/s/resourceGroups/g/providers"


def value(text: Any) -> Any:
    contextual = {"resourceId": lambda *parts: resource_id("s", "g", *parts)}
    return evaluator(contextual, NOW).value(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("[[not an expression]", "[not an expression]"),
        ("[concat('a', 1, 'it''s')]", "a1it's"),
        ("[concat(createArray(1), createArray(2, 3))]", [1, 2, 3]),
        ("[if(equals('a', 'A'), 'same', 'other')]", "other"),
        ("[if(true(), 'kept', json('broken'))]", "kept"),
        ("[and(not(empty('x')), or(false(), contains('abc', 'b')))]", True),
        ("[json('null')]", None),
        ("[json('{\"a\": [1, 2]}').a[1]]", 2),
        ("[union(createObject('a', 1), createObject('b', 2))]", {"a": 1, "b": 2}),
        ("[intersection(createArray(1, 2), createArray(2, 3))]", [2]),
        ("[format('{0}-{1}', 'a', 2)]", "a-2"),
        ("[toLower(replace(substring('ABCDEF', 1, 3), 'C', 'x'))]", "bxd"),
        ("[join(split('a,b;c', createArray(',', ';')), '/')]", "a/b/c"),
        ("[length(range(3, 4))]", 4),
        ("[coalesce(null(), 'second')]", "second"),
        ("[add(mul(2, 3), mod(7, 4))]", 9),
        ("[string(createObject('a', true()))]", '{"a":true}'),
        ("[base64ToString(base64('hello'))]", "hello"),
        ("[resourceId('A.B/c', 'x')]", f"{ID}/A.B/c/x"),
        ("[resourceId('A.B/c/d', 'x', 'y')]", f"{ID}/A.B/c/x/d/y"),
        (
            "[resourceId('s2', 'g2', 'A.B/c', 'x')]",
            "/subscriptions/s2/resourceGroups/g2/providers/A.B/c/x",
        ),
        ("[extensionResourceId('/x', 'A.B/c', 'd')]", "/x/providers/A.B/c/d"),
        ("[utcNow()]", "20260131T120000Z"),
        ({"[concat('k', 'ey')]": ["[true()]"]}, {"key": [True]}),
    ],
)
def test_expressions_evaluate(text: Any, expected: Any) -> None:
    assert value(text) == expected


def test_unique_strings_depend_on_their_arguments_alone() -> None:
    first = value("[uniqueString('a', 'b')]")
    assert len(first) == 13
    assert first == value("[uniqueString('a', 'b')]")
    assert first != value("[uniqueString('a', 'c')]")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[concat('a']", "expected"),
        ("[concat('a') 'b']", "not expected"),
        ("[nonesuch('a')]", "nonesuch"),
        ("[createObject('a', 1).b]", "no property 'b'"),
        ("[substring(5, 1)]", "substring"),
        ("[resourceId('A.B/c', 'x', 'y')]", "needs 1 names, not 2"),
        ("[concat(§)]", "not an expression"),
    ],
)
def test_what_is_wrong_is_said(text: str, says: str) -> None:
    with pytest.raises(TemplateError, match=says):
        value(text)

"""Models by name and version, and the metrics that their tags carry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.failure import Failure
from ops.models import METRIC, Model, _age, split


@pytest.mark.parametrize(
    ("text", "parts"),
    [("bikes", ("bikes", None)), ("bikes:3", ("bikes", "3")), ("b:2024.1", ("b", "2024.1"))],
)
def test_a_model_may_have_its_version(text: str, parts: tuple[str, str | None]) -> None:
    assert split(text) == parts


@pytest.mark.parametrize("text", ["", ":", ":1", "bikes:"])
def test_what_is_no_model_is_refused(text: str) -> None:
    with pytest.raises(Failure, match="write NAME or NAME:VERSION"):
        split(text)


def test_numbers_count_as_numbers_and_come_after_words() -> None:
    versions = ["10", "9", "b", "a", "100"]
    assert sorted(versions, key=_age) == ["a", "b", "9", "10", "100"]


@given(st.floats(allow_nan=False))
def test_a_metric_survives_its_tag(value: float) -> None:
    model = Model("m", "1", "", "", "", "", {METRIC + "rmse": repr(value)})
    assert model.metric("rmse") == value
    assert model.metric("mae") is None


@pytest.mark.parametrize("value", ["good", "", "0,42"])
def test_a_tag_by_hand_that_is_no_number_is_named(value: str) -> None:
    model = Model("bikes", "3", "", "", "", "", {METRIC + "rmse": value})
    with pytest.raises(Failure) as told:
        model.metric("rmse")
    assert f"'metric.rmse' of the model bikes:3 is '{value}', which is no" in told.value.message
    assert "take it away" in told.value.message

"""The gate: a bound, the version that is live, and how much worse than it a model may be.

- A model on the bound passes; without the metric it never does.
- Better than live passes in both directions; worse only within the tolerance.
- A live version without the metric leaves the bound alone to decide.
- A broken gate file is one message with the file and the key.
"""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ops.failure import Failure
from ops.models import METRIC, Model
from ops.promotion import Check, Gate, judge, read_gate

NUMBERS = st.floats(-1e6, 1e6)
DIRECTIONS = st.sampled_from(["minimize", "maximize"])


def model(value: float | None, version: str = "2") -> Model:
    tags = {} if value is None else {METRIC + "rmse": repr(value)}
    return Model("bikes", version, "mlflow_model", "", "", "", tags)


def gate(direction: str, bound: float, tolerance: float = 0.0) -> Gate:
    given_ = {"direction": direction, "bound": bound, "tolerance": tolerance}
    return Gate.model_validate({"model": "bikes", "metric": "rmse", **given_})


@pytest.mark.parametrize(
    ("direction", "value", "passed"),
    [
        ("minimize", 9.9, True),
        ("minimize", 10.0, True),
        ("minimize", 10.1, False),
        ("maximize", 10.1, True),
        ("maximize", 10.0, True),
        ("maximize", 9.9, False),
        ("minimize", None, False),
        ("maximize", None, False),
        ("minimize", math.nan, False),
        ("maximize", math.nan, False),
    ],
)
def test_the_first_model_meets_the_bound_alone(
    direction: str, value: float | None, passed: bool
) -> None:
    (check,) = judge(gate(direction, 10), model(value), None)
    assert (check.passed, check.limit) == (passed, 10)


@pytest.mark.parametrize(
    ("direction", "live", "tolerance", "value", "passed"),
    [
        ("minimize", 8.0, 0.0, 8.0, True),
        ("minimize", 8.0, 0.0, 8.5, False),
        ("minimize", 8.0, 0.5, 8.5, True),
        ("minimize", 8.0, 0.5, 8.75, False),
        ("maximize", 12.0, 0.0, 12.0, True),
        ("maximize", 12.0, 0.0, 11.5, False),
        ("maximize", 12.0, 0.5, 11.5, True),
        ("maximize", 12.0, 0.5, 11.25, False),
    ],
)
def test_beside_a_live_version(
    direction: str, live: float, tolerance: float, value: float, passed: bool
) -> None:
    checks = judge(gate(direction, 10, tolerance), model(value), model(live, "1"))
    assert [check.passed for check in checks] == [True, passed]
    assert "live 1" in checks[1].name


def test_a_live_version_without_the_metric_leaves_it_to_the_bound() -> None:
    bound, live = judge(gate("minimize", 10), model(9), model(None, "1"))
    assert (bound.passed, live.passed, live.limit) == (True, True, None)


def test_a_model_without_the_metric_fails_both() -> None:
    checks = judge(gate("minimize", 10), model(None), model(9, "1"))
    assert [check.passed for check in checks] == [False, False]


@given(DIRECTIONS, NUMBERS, NUMBERS, st.floats(0, 1e6))
def test_the_other_direction_is_the_mirror(
    direction: str, value: float, live: float, tolerance: float
) -> None:
    mirror = "maximize" if direction == "minimize" else "minimize"
    one = judge(gate(direction, 0, tolerance), model(value), model(live, "1"))
    two = judge(gate(mirror, 0, tolerance), model(-value), model(-live, "1"))
    assert [check.passed for check in one] == [check.passed for check in two]


@given(DIRECTIONS, NUMBERS, NUMBERS, st.floats(0, 1e3), st.floats(0, 1e3))
def test_more_tolerance_never_fails_what_passed(
    direction: str, value: float, live: float, small: float, more: float
) -> None:
    def passed(tolerance: float) -> bool:
        return judge(gate(direction, 0, tolerance), model(value), model(live, "1"))[1].passed

    assume(passed(small))
    assert passed(small + more)


@given(DIRECTIONS, NUMBERS)
def test_a_model_passes_beside_itself(direction: str, value: float) -> None:
    checks = judge(gate(direction, value), model(value), model(value, "1"))
    assert [check.passed for check in checks] == [True, True]


def test_a_check_is_data() -> None:
    check = Check("rmse against the bound", 1.0, 2.0, True)
    expected = {"name": "rmse against the bound", "value": 1.0, "limit": 2.0, "passed": True}
    assert check.data() == expected


BROKEN = [
    ("", "the whole file"),
    ("- a", "the whole file"),
    ("metric: rmse", "model: Field required"),
    ("{model: m, metric: a, direction: down, bound: 1}", "direction: Input should be 'minimize'"),
    ("{model: m, metric: a, direction: minimize, bound: low}", "bound: Input should be a valid"),
    ("{model: m, metric: a, direction: minimize, bound: .nan}", "bound: Input should be a finite"),
    ("{model: m, metric: a, direction: minimize, bound: 1, bund: 2}", "bund: Extra inputs"),
    ("model: [", "is not YAML"),
]


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_a_broken_gate_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "gate.yml"
    file.write_text(text)
    with pytest.raises(Failure) as caught:
        read_gate(file)
    assert caught.value.message.startswith(str(file))
    assert message in caught.value.message
    assert "\n" not in caught.value.message


def test_a_gate_that_is_not_there_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"There is no gate .* Write one: model, metric, direction"):
        read_gate(tmp_path / "gate.yml")


def test_the_workloads_gate_is_one() -> None:
    found = read_gate(Path(__file__).parents[2] / "workloads" / "bike-rentals" / "gate.yml")
    assert (found.model, found.direction) == ("bike-rentals", "minimize")

"""The arithmetic of the table: turns, medians, what is set in relation to what."""

from __future__ import annotations

from bench.arm import slow_share
from bench.pairs import Figure, Pairs, Spread, in_turns
from bench.rows import Goal, Row

ROW = Row("row", "ours", "the bare thing", "ms", "difference", Goal(at_most=0.8))
RATIO = Row("row", "ours", "the bare thing", "MB/s", "ratio", Goal(at_least=0.8))


def test_who_goes_first_changes_with_every_run() -> None:
    order: list[str] = []

    def call(name: str, value: float) -> float:
        order.append(name)
        return value

    pairs = in_turns(3, lambda: call("a", 1.0), lambda: call("b", 2.0))
    assert "".join(order) == "abbaab"
    assert (pairs.measured, pairs.anchor) == ([1.0] * 3, [2.0] * 3)


def test_a_drift_of_the_machine_cancels() -> None:
    clock = iter(range(100))
    pairs = in_turns(4, lambda: 5.0 + next(clock), lambda: 5.0 + next(clock))
    assert Figure(ROW, pairs).compared.median == 0


def test_a_difference_is_that_of_the_medians_and_its_range_that_of_the_runs() -> None:
    figure = Figure(ROW, Pairs([3.0, 2.0, 9.0], [1.0, 2.0, 1.5]))
    assert figure.measured == Spread(3.0, 2.0, 9.0)
    assert figure.anchor == Spread(1.5, 1.0, 2.0)
    assert figure.compared == Spread(1.5, 0.0, 7.5)
    assert figure.met is False


def test_a_ratio_is_measured_by_anchor() -> None:
    figure = Figure(RATIO, Pairs([90.0, 80.0, 100.0], [100.0, 100.0, 50.0]))
    assert figure.compared == Spread(0.9, 0.8, 2.0)
    assert figure.met is True


def test_a_goal_may_be_for_the_measured_value_itself() -> None:
    pairs = Pairs([2.0], [1.9])
    goal = Goal(at_most=1.5, of="measured")
    assert Figure(ROW, pairs).met is True
    assert Figure(Row("r", "a", "b", "s", "difference", goal), pairs).met is False
    assert Figure(Row("r", "a", "b", "s", "difference", None), pairs).met is None


def test_slow_requests_are_counted_from_thirty_milliseconds() -> None:
    assert slow_share([1.0, 29.9, 30.0, 44.0]) == 0.5

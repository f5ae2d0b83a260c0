"""A step runs once for the same inputs, and starts clean after it was cut short at any moment."""

from dataclasses import replace
from pathlib import Path

import pytest

from tools.setup.checkout import Checkout
from tools.setup.command import Commands
from tools.setup.failure import SetUpError
from tools.setup.step import Step, Work


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    checkout = Checkout(tmp_path)
    checkout.stamps.mkdir(parents=True)
    return checkout


@pytest.fixture
def work(checkout: Checkout) -> Work:
    return Work(checkout, Commands(lock=0), checkout.root / "log")


@pytest.fixture
def step(checkout: Checkout) -> Step:
    pin = checkout.root / "pin"
    pin.write_text("1")
    product = checkout.root / "product"

    def run(_: Work) -> None:
        product.mkdir()  # fails when an earlier run has left it
        (product / "whole").touch()

    return Step(
        name="thing",
        title="A thing",
        first_time="at once",
        gigabytes=0,
        run=run,
        inputs=[pin, "text"],
        products=[product],
    )


def cut_short(_: Work) -> None:
    raise SetUpError("cut short")


def test_done_only_after_it_ran(step: Step, checkout: Checkout, work: Work) -> None:
    assert not step.done(checkout)
    step.carry_out(work)
    assert step.done(checkout)


def test_changed_input_undoes_it(step: Step, checkout: Checkout, work: Work) -> None:
    step.carry_out(work)
    (checkout.root / "pin").write_text("2")
    assert not step.done(checkout)


def test_changed_text_undoes_it(step: Step, checkout: Checkout, work: Work) -> None:
    step.carry_out(work)
    assert not replace(step, inputs=[*step.inputs[:1], "other"]).done(checkout)


def test_inputs_are_told_apart_from_each_other(step: Step, checkout: Checkout) -> None:
    one = replace(step, inputs=["ab", "c"])
    other = replace(step, inputs=["a", "bc"])
    assert one.digest(checkout) != other.digest(checkout)


def test_removed_product_undoes_it(step: Step, checkout: Checkout, work: Work) -> None:
    step.carry_out(work)
    (checkout.root / "product" / "whole").unlink()
    (checkout.root / "product").rmdir()
    assert not step.done(checkout)


def test_change_of_an_earlier_step_undoes_it(step: Step, checkout: Checkout, work: Work) -> None:
    later = replace(step, name="later", after=[step])
    later.carry_out(work)
    assert later.done(checkout)
    (checkout.root / "pin").write_text("2")
    assert not later.done(checkout)


def test_moved_checkout_undoes_it(step: Step, checkout: Checkout, work: Work) -> None:
    step.carry_out(work)
    moved = checkout.root.with_name("moved")
    checkout.root.rename(moved)
    there = replace(step, inputs=[moved / "pin", "text"], products=[moved / "product"])
    assert not there.done(Checkout(moved))


def test_cut_short_starts_clean(step: Step, checkout: Checkout, work: Work) -> None:
    def half(_: Work) -> None:
        (checkout.root / "product").mkdir()
        raise SetUpError("cut short")

    with pytest.raises(SetUpError):
        replace(step, run=half).carry_out(work)
    assert not step.done(checkout)
    step.carry_out(work)
    assert step.done(checkout)
    assert (checkout.root / "product" / "whole").exists()


def test_cut_short_again_is_not_taken_for_done(step: Step, checkout: Checkout, work: Work) -> None:
    step.carry_out(work)
    (checkout.root / "pin").write_text("2")
    with pytest.raises(SetUpError):
        replace(step, run=cut_short).carry_out(work)
    (checkout.root / "pin").write_text("1")
    assert not step.done(checkout)

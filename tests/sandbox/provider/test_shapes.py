"""The committed shapes are what the installed SDK says."""

from sandbox.provider.shapes.__main__ import main


def test_the_shapes_are_up_to_date() -> None:
    assert main(["--check"]) == 0, "run 'python -m sandbox.provider.shapes'"

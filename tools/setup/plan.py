"""All that a fresh clone needs, in the order in which it is told to the user."""

from tools.setup import actionlint, azurite, environments, mlflow, pulumi, python
from tools.setup.checkout import Checkout
from tools.setup.step import Step


def steps(checkout: Checkout) -> list[Step]:
    uv = python.uv(checkout)
    venv = python.venv(checkout, uv)
    return [
        pulumi.step(checkout),
        uv,
        venv,
        azurite.step(checkout),
        mlflow.step(checkout, uv),
        environments.step(checkout, venv),
        *actionlint.steps(checkout),
    ]

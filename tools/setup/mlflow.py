"""The MLflow server, in an environment of its own: it needs far more packages than its clients."""

from tools.setup.checkout import Checkout
from tools.setup.python import INTERPRETER, create_environment, sync
from tools.setup.step import Step, Work


def step(checkout: Checkout, uv: Step) -> Step:
    lock = checkout.root / "sandbox" / "tracking" / "requirements.lock"

    def run(work: Work) -> None:
        create_environment(work, checkout.mlflow)
        # Compiled, the server starts in 7 s instead of 20.
        sync(work, checkout.mlflow, lock, "--compile-bytecode")

    return Step(
        name="mlflow",
        title="MLflow server",
        first_time="about 20 s: downloads, then compiled to bytecode",
        gigabytes=0.5,
        run=run,
        inputs=[INTERPRETER, lock],
        products=[checkout.mlflow],
        after=[uv],
    )

"""Fills uv's cache with the packages of the default job and serving environments."""

from tools.setup.checkout import Checkout
from tools.setup.step import Step, Work


def step(checkout: Checkout, venv: Step) -> Step:
    """The first job then starts in seconds. Where the sandbox has no such command: nothing."""
    folder = checkout.root / "sandbox" / "jobs"
    module = folder / "environments.py"

    def run(work: Work) -> None:
        if module.exists():
            python = checkout.venv / "bin" / "python"
            work.run(python, "-m", "sandbox.jobs.environments", "--warm")

    return Step(
        name="environments",
        title="Packages of the default job environments",
        first_time="about 10 s the first time, most of it downloads",
        gigabytes=0.5,
        run=run,
        inputs=sorted(folder.glob("environments*")),
        products=[],
        after=[venv],
    )

"""Azurite, Microsoft's storage emulator, from npm as `tools/azurite/package-lock.json` pins it."""

import shutil

from tools.setup.checkout import Checkout
from tools.setup.prerequisites import NODE, NPM
from tools.setup.step import Step, Work


def step(checkout: Checkout) -> Step:
    pins = checkout.root / "tools" / "azurite"
    files = [pins / "package.json", pins / "package-lock.json"]

    def run(work: Work) -> None:
        checkout.azurite.mkdir(exist_ok=True)
        for file in files:
            shutil.copy(file, checkout.azurite)
        # No package that Azurite needs has an install script worth running.
        options = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error")
        work.run("npm", "ci", *options, "--fetch-retries", "1", cwd=checkout.azurite)

    return Step(
        name="azurite",
        title="Azurite, the storage emulator",
        first_time="20 s",
        gigabytes=0.3,
        run=run,
        inputs=files,
        products=[checkout.azurite],
        needs=[NODE, NPM],
    )

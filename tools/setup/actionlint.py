"""actionlint, for the tests of the workflows, built from its Go module as Pulumi is."""

import shutil

from tools.setup.checkout import Checkout
from tools.setup.prerequisites import GO
from tools.setup.step import Step, Work

COMMAND = "github.com/rhysd/actionlint/cmd/actionlint"


def steps(checkout: Checkout) -> list[Step]:
    """None where there is no Go: one who has an official Pulumi needs none, and tests skip it."""
    return [step(checkout)] if shutil.which("go") else []


def step(checkout: Checkout) -> Step:
    module = checkout.root / "tools" / "actionlint"
    product = checkout.bin / "actionlint"

    def run(work: Work) -> None:
        work.run(
            *("go", "build", "-mod=readonly", "-ldflags", "-s -w", "-o", product, COMMAND),
            cwd=module,
            env={"CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": ""},
        )

    return Step(
        name="actionlint",
        title="actionlint, which checks workflows, built from its Go source",
        first_time="20 s",
        gigabytes=0.2,
        run=run,
        inputs=[module / "go.mod", module / "go.sum"],
        products=[product],
        needs=[GO],
    )

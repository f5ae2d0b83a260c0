"""uv, and with it the project's Python environment out of `requirements.lock`."""

import os
import re
import sys
from pathlib import Path

from tools.setup.checkout import Checkout
from tools.setup.failure import SetUpError
from tools.setup.prerequisites import GIT
from tools.setup.step import Step, Work

INTERPRETER = f"{sys.executable} {sys.version}"
# Where a person's own settings of pip would put packages: ours go into our own environment.
HERE = {"PIP_USER": "0", "PIP_TARGET": "", "PIP_PREFIX": ""}
# pip's settings that uv knows by another name, so that one who set up pip need not set up uv.
PIP_TO_UV = {"PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_EXTRA_INDEX_URL": "UV_INDEX"}


def uv(checkout: Checkout) -> Step:
    """uv itself comes with pip, in the version and with the hashes that the lock file names."""
    lock = checkout.root / "requirements.lock"

    def run(work: Work) -> None:
        pin = checkout.tools / "uv.txt"
        pin.write_text(pinned(lock.read_text(), "uv"))
        work.run(sys.executable, "-m", "venv", "--clear", checkout.uv)
        work.run(
            checkout.uv / "bin" / "python",
            *("-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-deps"),
            *("--retries", "2", "--only-binary", ":all:", "--require-hashes", "-r", pin),
            env=HERE,
        )

    return Step(
        name="uv",
        title="uv, the installer of Python packages",
        first_time="10 s",
        gigabytes=0.1,
        run=run,
        inputs=[INTERPRETER, pinned(lock.read_text(), "uv")],
        products=[checkout.uv / "bin" / "uv"],
    )


def venv(checkout: Checkout, uv: Step) -> Step:
    lock = checkout.root / "requirements.lock"
    project = checkout.root / "pyproject.toml"

    def run(work: Work) -> None:
        create_environment(work, checkout.venv)
        # Compiled, a command imports Azure's clients in 1 s instead of 3, also where Python may not
        # keep what it compiled (PYTHONDONTWRITEBYTECODE, as images for CI have it).
        sync(work, checkout.venv, lock, "--compile-bytecode")
        # Without build isolation: what builds the project is in the lock file too.
        install = (checkout.uv / "bin" / "uv", "pip", "install", "--python", checkout.venv)
        work.run(*install, "--no-deps", "--no-build-isolation", "--editable", checkout.root)

    return Step(
        name="python",
        title="Python packages in .venv",
        first_time="about 45 s the first time: downloads, then compiled to bytecode",
        gigabytes=1.2,
        run=run,
        inputs=[INTERPRETER, lock, project],
        products=[checkout.venv],
        after=[uv],
        needs=[GIT],
    )


def create_environment(work: Work, place: Path) -> None:
    uv = work.checkout.uv / "bin" / "uv"
    work.run(uv, "venv", "--allow-existing", "--no-project", "--python", sys.executable, place)


def sync(work: Work, place: Path, lock: Path, *options: str) -> None:
    """Makes an environment hold what the lock file names and nothing else."""
    uv = work.checkout.uv / "bin" / "uv"
    known = os.environ
    index = {
        its: known[pips] for pips, its in PIP_TO_UV.items() if pips in known and its not in known
    }
    work.run(uv, "pip", "sync", "--require-hashes", "--python", place, *options, lock, env=index)


def pinned(lock: str, name: str) -> str:
    """The lines of a lock file that pin one package, hashes included.

    Raises:
        SetUpError: the lock file does not name the package.
    """
    found = re.search(rf"^{re.escape(name)}==.*(?:\n[ \t]+--hash=.*)*", lock, re.MULTILINE)
    if not found:
        raise SetUpError(f"requirements.lock does not name {name}. `make lock` compiles it anew.")
    return found[0] + "\n"

"""A step of set-up: done once for the same inputs, taken up again when it was cut short."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.setup.checkout import Checkout
from tools.setup.command import Commands
from tools.setup.prerequisites import Tool


@dataclass(frozen=True)
class Work:
    """What a step has at hand while it runs."""

    checkout: Checkout
    commands: Commands
    log: Path

    def run(
        self,
        *argv: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.commands.run(argv, log=self.log, cwd=cwd or self.checkout.root, env=env)


@dataclass(frozen=True)
class Step:
    """One product of set-up.

    `inputs` are texts, and files of which the content counts; when any changes the step runs
    again. `products` must be there for the step to count as done, and are removed before it runs
    again when it was cut short, so that no step needs to know what a half-made product looks like.
    `first_time` says how long the step takes with empty caches, and why; `gigabytes` what disk.
    """

    name: str
    title: str
    first_time: str
    gigabytes: float
    run: Callable[[Work], None]
    inputs: Sequence[Path | str]
    products: Sequence[Path]
    after: Sequence["Step"] = ()
    needs: Sequence[Tool] = field(default=())

    def digest(self, checkout: Checkout) -> str:
        """Of all inputs, of the steps before this one, and of the checkout's place, which
        environments and launchers contain."""
        digest = hashlib.sha256()
        for part in self._parts(checkout):
            digest.update(f"{len(part)}:".encode() + part)
        return digest.hexdigest()

    def _parts(self, checkout: Checkout) -> Iterable[bytes]:
        yield self.name.encode()
        yield os.fsencode(checkout.root)
        for each in self.after:
            yield each.digest(checkout).encode()
        for given in self.inputs:
            yield given.read_bytes() if isinstance(given, Path) else given.encode()

    def done(self, checkout: Checkout) -> bool:
        try:
            stamp = _stamp(self, checkout).read_text()
        except FileNotFoundError:
            return False
        return stamp == self.digest(checkout) and all(each.exists() for each in self.products)

    def carry_out(self, work: Work) -> None:
        """Runs the step; what ends it early leaves the mark that makes the next run start clean."""
        stamp = _stamp(self, work.checkout)
        begun = stamp.with_suffix(".begun")
        stamp.unlink(missing_ok=True)
        if begun.exists():
            for product in self.products:
                _remove(product)
        begun.touch()
        self.run(work)
        fresh = stamp.with_suffix(".new")
        fresh.write_text(self.digest(work.checkout))
        fresh.replace(stamp)
        begun.unlink()


def _stamp(step: Step, checkout: Checkout) -> Path:
    return checkout.stamps / step.name


def _remove(product: Path) -> None:
    if product.is_dir() and not product.is_symlink():
        shutil.rmtree(product)
    else:
        product.unlink(missing_ok=True)

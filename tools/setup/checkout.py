"""Where set-up puts things in a checkout. All of it is git-ignored and goes with `make clean`."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Checkout:
    root: Path

    @property
    def venv(self) -> Path:
        """The project's own Python environment."""
        return self.root / ".venv"

    @property
    def tools(self) -> Path:
        return self.root / ".tools"

    @property
    def bin(self) -> Path:
        """The Pulumi command line and what it expects beside it."""
        return self.tools / "bin"

    @property
    def stand_ins(self) -> Path:
        """What is on PATH in the sandbox only: it takes the place of a vendor's plugin."""
        return self.tools / "stand-ins"

    @property
    def azurite(self) -> Path:
        return self.tools / "azurite"

    @property
    def mlflow(self) -> Path:
        """The MLflow server's Python environment."""
        return self.tools / "mlflow"

    @property
    def uv(self) -> Path:
        """The environment that holds the uv which makes all others."""
        return self.tools / "uv"

    @property
    def stamps(self) -> Path:
        return self.tools / "stamps"

    @property
    def logs(self) -> Path:
        return self.tools / "logs"

    @property
    def lock(self) -> Path:
        return self.tools / "lock"

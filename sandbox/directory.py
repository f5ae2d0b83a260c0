"""Where a sandbox keeps everything: one directory, by default `.sandbox/` in the checkout."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

DEFAULT_NAME = ".sandbox"


class Directory:
    """The paths below one sandbox's directory. Nothing is created before `create`."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).resolve()  # One sandbox has one name, also behind a link.

    def __str__(self) -> str:
        return str(self.path)

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def state(self) -> Path:
        """What the supervisor says of itself: pid, ports, services."""
        return self.path / "supervisor.json"

    @property
    def database(self) -> Path:
        return self.path / "azure.db"

    @property
    def ca(self) -> Path:
        return self.path / "ca"

    @property
    def ca_bundle(self) -> Path:
        """The certificates that clients trust."""
        return self.ca / "ca.pem"

    @property
    def ca_key(self) -> Path:
        return self.ca / "ca.key"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets.json"

    @property
    def subscriptions(self) -> Path:
        """One file for each that was made."""
        return self.path / "subscriptions"

    @property
    def token_key(self) -> Path:
        """The public half of the key that signs tokens, for Azurite."""
        return self.path / "token-key.pem"

    @property
    def clock(self) -> Path:
        return self.path / "clock.json"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def log(self, service: str) -> Path:
        return self.logs / f"{service}.log"

    @property
    def azurite(self) -> Path:
        return self.path / "azurite"

    @property
    def azurite_accounts(self) -> Path:
        return self.path / "azurite-accounts.json"

    @property
    def azurite_access(self) -> Path:
        """Who may do what with the blobs of which account."""
        return self.path / "azurite-access.json"

    @property
    def mlflow(self) -> Path:
        return self.path / "mlflow"

    @property
    def jobs(self) -> Path:
        return self.path / "jobs"

    @property
    def deployments(self) -> Path:
        return self.path / "deployments"

    @property
    def environments(self) -> Path:
        return self.path / "environments"

    @property
    def pulumi(self) -> Path:
        return self.path / "pulumi"

    @property
    def sockets(self) -> Path:
        """Short, because a Unix socket's path may have 107 bytes and a checkout may lie deep."""
        digest = hashlib.sha256(str(self.path).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"amlops-{os.getuid()}-{digest}"

    @property
    def control_socket(self) -> Path:
        return self.sockets / "supervisor"

    @property
    def mlflow_socket(self) -> Path:
        """Where MLflow's server listens: on no port, since it asks nobody who they are."""
        return self.sockets / "mlflow"

    @property
    def folders(self) -> tuple[Path, ...]:
        return (self.ca, self.logs, self.azurite, self.mlflow, self.jobs, self.deployments,
                self.environments, self.pulumi, self.subscriptions)  # fmt: skip

    def foreign(self) -> bool:
        """Whether it is somebody else's: without a sandbox's lock, but with things of its own.

        A start that was killed leaves a sandbox's folders and no lock.
        """
        if not self.path.is_dir() or self.lock.exists():
            return False
        return any(found not in self.folders for found in self.path.iterdir())

    def create(self) -> None:
        """Make what is missing, for the owner's eyes only. Raises OSError."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)
        for folder in self.folders:
            folder.mkdir(exist_ok=True)
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        owner = self.sockets.lstat()
        if owner.st_uid != os.getuid() or self.sockets.is_symlink():
            raise PermissionError(f"{self.sockets} belongs to somebody else; remove it")


def write_atomically(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace a file at once: a reader or a kill sees the old text or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def checkout() -> Path:
    """The folder that holds this package, where the default directory and `.tools` lie."""
    return Path(__file__).resolve().parent.parent


def default_directory() -> Directory:
    """`AMLOPS_SANDBOX_DIR`, else `.sandbox` in the checkout."""
    named = os.environ.get("AMLOPS_SANDBOX_DIR")
    return Directory(named) if named else Directory(checkout() / DEFAULT_NAME)

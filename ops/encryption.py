"""Which key encrypts the secrets in a stack's state, where it is not the sandbox's passphrase.

`PULUMI_SECRETS_PROVIDER` names the team's key, as `amlops bootstrap` prints it. A stack file stays
as it is, so that it does for the sandbox too: Pulumi reads a copy of it, which names the key.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import yaml
from pulumi import automation

from ops import stack_files

VARIABLE = "PULUMI_SECRETS_PROVIDER"
CONFIG_FILE = "PULUMI_OPTION_CONFIG_FILE"
"""Of the engine: an option of its commands, here `--config-file`, by a variable."""
FALLBACK = {"PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true"}
"""Where no file says it the engine takes the key that the state itself names."""
_OWN = ("encryptionsalt", "encryptedkey", "secretsprovider")


def options(environment: str, environ: Mapping[str, str]) -> automation.LocalWorkspaceOptions:
    """How the Automation API opens the stack."""
    if environ.get("AMLOPS_TARGET") != "azure":
        return automation.LocalWorkspaceOptions()
    content = stack_files.content(environment)
    named = str(content.get("secretsprovider") or "") or None
    if named or not environ.get(VARIABLE):
        return automation.LocalWorkspaceOptions(secrets_provider=named, env_vars=dict(FALLBACK))
    provider = environ[VARIABLE]
    kept = {key: value for key, value in content.items() if key not in _OWN}
    copy = _folder() / f"Pulumi.{environment}.yaml"
    copy.write_text(yaml.safe_dump({**kept, "secretsprovider": provider}, sort_keys=False))
    return automation.LocalWorkspaceOptions(
        secrets_provider=provider, env_vars={**FALLBACK, CONFIG_FILE: str(copy)}
    )


@contextmanager
def unwritten(environment: str, environ: Mapping[str, str]) -> Iterator[None]:
    """The stack file as it was: `pulumi stack init` writes the key into it, not into the copy."""
    file = stack_files.path(environment)
    before = file.read_bytes() if file.exists() else None
    try:
        yield
    finally:
        if environ.get("AMLOPS_TARGET") == "azure" and environ.get(VARIABLE):
            if before is None:
                file.unlink(missing_ok=True)
            elif file.read_bytes() != before:
                file.write_bytes(before)


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="amlops-stacks-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder

"""Which key a stack is opened with, and that no stack file is written because of it.

`tests/pipelines` has its state in a backend that `amlops bootstrap` made, encrypted by its key.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ops import encryption

KEY = "azurekeyvault://kv-team.vault.azure.net/keys/pulumi"
FILE = "# dev\nencryptionsalt: v1:salt\nconfig:\n  amlops:settings: {workload: bikes}\n"
AZURE = {"AMLOPS_TARGET": "azure", encryption.VARIABLE: KEY}


@pytest.fixture
def file(elsewhere: Path) -> Path:
    made = elsewhere / "stacks" / "Pulumi.dev.yaml"
    made.write_text(FILE)
    return made


def read(options: object) -> object:
    """What Pulumi is given to read."""
    variables: dict[str, str] = options.env_vars  # type: ignore[attr-defined]
    return yaml.safe_load(Path(variables[encryption.CONFIG_FILE]).read_text())


def test_the_teams_key_takes_the_place_of_the_sandboxs_salt(file: Path) -> None:
    options = encryption.options("dev", AZURE)
    assert options.secrets_provider == KEY
    config = {"amlops:settings": {"workload": "bikes"}}
    assert read(options) == {"config": config, "secretsprovider": KEY}
    assert file.read_text() == FILE


def test_an_environment_without_a_file_is_opened_too(file: Path) -> None:
    assert read(encryption.options("pr-1", AZURE)) == {"secretsprovider": KEY}


def test_a_file_that_names_its_own_key_is_read_as_it_is(file: Path) -> None:
    file.write_text(f"secretsprovider: {KEY}-own\nencryptedkey: abc\n")
    options = encryption.options("dev", AZURE)
    assert options.secrets_provider == f"{KEY}-own"
    assert options.env_vars == encryption.FALLBACK


@pytest.mark.parametrize("environ", [{}, {**AZURE, "AMLOPS_TARGET": "sandbox"}])
def test_the_sandbox_has_its_passphrase(file: Path, environ: dict[str, str]) -> None:
    """Also in a shell that is set up for the team's backend."""
    options = encryption.options("dev", environ)
    assert (options.secrets_provider, options.env_vars) == (None, None)


def test_without_a_key_the_state_says_which(file: Path) -> None:
    options = encryption.options("dev", {"AMLOPS_TARGET": "azure"})
    assert (options.secrets_provider, options.env_vars) == (None, encryption.FALLBACK)


def test_what_pulumi_writes_into_the_file_is_taken_back(file: Path) -> None:
    with encryption.unwritten("dev", AZURE):
        file.write_text(f"secretsprovider: {KEY}\n")
    assert file.read_text() == FILE
    new = file.with_name("Pulumi.pr-1.yaml")
    with encryption.unwritten("pr-1", AZURE):
        new.write_text(f"secretsprovider: {KEY}\n")
    assert not new.exists()


def test_it_is_taken_back_as_well_where_the_stack_cannot_be_opened(file: Path) -> None:
    def fails() -> None:
        with encryption.unwritten("dev", AZURE):
            file.write_text(f"secretsprovider: {KEY}\n")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert file.read_text() == FILE


def test_without_a_key_the_file_is_pulumis(file: Path) -> None:
    with encryption.unwritten("dev", {"AMLOPS_TARGET": "azure"}):
        file.write_text("encryptionsalt: v1:other\n")
    assert file.read_text() == "encryptionsalt: v1:other\n"

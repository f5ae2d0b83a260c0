"""The command line: quick help, and what is wrong in it is one message before anything starts.

- Help imports no SDK, and no command is imported that was not called.
- A mistake in the command line exits with 2, one in a file or a name with 1. No traceback, and
  nothing on standard output, which is the result's alone.
- None of it starts a sandbox or asks a service: the sandbox of these tests could not be started.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ops import cli, options
from ops.failure import Failure
from tests.ops.conftest import ROOT, Amlops, assert_one_message

HEAVY = ("azure", "pulumi", "mlflow", "rich", "yaml", "pydantic", "grpc", "requests", "sandbox")
TRAIN = "workloads/bike-rentals/train.yml"
SAMPLE = "workloads/bike-rentals/sample-request.json"

USAGE: list[tuple[list[str], str]] = [
    (["upp", "dev"], "No such command 'upp'"),
    (["up"], "Missing argument 'ENV'"),
    (["up", "Dev"], "'Dev' cannot name an environment"),
    (["up", "../dev"], "'../dev' cannot name an environment"),
    (["up", "pr-12345678"], "2 to 10 lower-case letters, digits and hyphens"),
    (["up", ""], "'' cannot name an environment"),
    (["up", "dev", "--targget", "azure"], "No such option"),
    (["up", "dev", "--target", "aws"], "'aws' is not one of 'sandbox', 'azure'"),
    (["outputs", "dev", "--output", "xml"], "'xml' is not one of 'text', 'json'"),
    (["train", "dev"], "Missing argument 'FILE'"),
    (["jobs", "list", "dev", "--limit", "many"], "'many' is not a valid integer"),
    (["jobs", "list", "dev", "--limit", "0"], "0 is not in the range x>=1"),
    (["promote", "m", "--from", "dev", "--to", "dev"], "both 'dev': nothing would move"),
    (["models", "register", "dev", "m"], "Missing option '--job'"),
    (["score", "dev", "bike-rentals"], "Missing option '--data'"),
    (["promote", "m", "--from", "dev"], "Missing option '--to'"),
    (["promote", "m", "--from", "a b", "--to", "test"], "'a b' cannot name an environment"),
]

INPUT: list[tuple[list[str], str]] = [
    (["up", "nosuch"], "There is no stack 'nosuch'. There are: dev, lab, prod, shared, test."),
    (["preview", "nosuch"], "There is no stack 'nosuch'"),
    (["deploy", "dev", "nosuch"], "There is no workload 'nosuch'"),
    (["deploy", "dev", "bike-rentals:"], "'bike-rentals:' is not a model"),
    (["deploy", "dev", ":1"], "':1' is not a model"),
    (["promote", ":3", "--from", "dev", "--to", "test"], "':3' is not a model"),
    (["up", "dev"], "Azurite is not installed in /nowhere"),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE)
def test_a_mistake_in_the_command_line(arguments: list[str], message: str) -> None:
    done = CliRunner(env={"AMLOPS_TARGET": "sandbox"}).invoke(cli.main, arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Try 'main" in done.stderr


@pytest.mark.parametrize(("arguments", "message"), INPUT)
def test_a_name_that_leads_nowhere(amlops: Amlops, arguments: list[str], message: str) -> None:
    done = amlops(*arguments)
    assert_one_message(done)
    assert message in done.stderr


def test_the_target_comes_from_the_environment_and_is_checked(amlops: Amlops) -> None:
    done = amlops("outputs", "dev", AMLOPS_TARGET="aws")
    assert_one_message(done, code=2)
    assert "'aws' is not one of 'sandbox', 'azure'" in done.stderr


@pytest.mark.parametrize("command", ["outputs", "down", "refresh", "teardown"])
def test_a_real_subscription_must_be_named(amlops: Amlops, command: str) -> None:
    done = amlops(command, "dev", "--target", "azure", AZURE_SUBSCRIPTION_ID="")
    assert_one_message(done)
    assert "No subscription is named. Set AZURE_SUBSCRIPTION_ID" in done.stderr


def test_without_pulumi_one_message_says_where_it_comes_from(amlops: Amlops) -> None:
    some = "11111111-2222-3333-4444-555555555555"
    done = amlops(
        "outputs", "dev", "--target", "azure", AZURE_SUBSCRIPTION_ID=some, PATH="/nowhere"
    )
    assert_one_message(done)
    assert "There is no 'pulumi' on PATH" in done.stderr
    assert "tools.setup" in done.stderr


def test_target_and_environment_come_first(amlops: Amlops) -> None:
    done = amlops("up", "nosuch")
    assert done.stderr.splitlines()[0] == "up · target sandbox · environment nosuch"


@pytest.mark.parametrize("command", ["environments", "expire"])
def test_what_is_about_no_environment_names_none(amlops: Amlops, command: str) -> None:
    assert amlops(command).stderr.splitlines()[0] == f"{command} · target sandbox"


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], []])
def test_help_names_every_command(arguments: list[str]) -> None:
    shown = CliRunner().invoke(cli.main, arguments).output
    for name in cli.COMMANDS:
        assert f"  {name} " in shown


@pytest.mark.parametrize("arguments", ["['--help']", "['--version']"])
def test_help_imports_nothing_heavy(arguments: str) -> None:
    code = (
        "import sys\n"
        "from ops.cli import main\n"
        f"try: main({arguments}, prog_name='amlops')\n"
        "except SystemExit: pass\n"
        "print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)\n"
        "print(*(name for name in sys.modules if name.startswith('ops.')), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    packages, ours = done.stderr.splitlines()[-2:]
    assert not set(packages.split()) & set(HEAVY)
    assert set(ours.split()) == {"ops.cli"}


def test_help_of_a_command_imports_no_sdk() -> None:
    for path in (["up"], ["jobs", "list"], ["promote"], ["sandbox", "start"]):
        code = (
            "import sys\n"
            "from ops.cli import main\n"
            f"try: main([*{path}, '--help'], prog_name='amlops')\n"
            "except SystemExit: pass\n"
            "sys.exit(len({'azure', 'pulumi', 'mlflow', 'grpc'} & set(sys.modules)))\n"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True)
        assert done.returncode == 0, path


def failing(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """`amlops up` is a command that ends so."""

    @click.command()
    def up() -> None:
        raise error

    monkeypatch.setattr(cli.Commands, "get_command", lambda *_: up)
    return CliRunner()


def test_a_failure_is_its_message(monkeypatch: pytest.MonkeyPatch) -> None:
    done = failing(Failure("The moon is out of reach."), monkeypatch).invoke(cli.main, ["up"])
    assert (done.exit_code, done.output) == (1, "Error: The moon is out of reach.\n")


def test_a_services_refusal_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    from azure.core.exceptions import HttpResponseError

    error = HttpResponseError("(QuotaExceeded) No cores left.\nCode: QuotaExceeded")
    done = failing(error, monkeypatch).invoke(cli.main, ["up"])
    assert (done.exit_code, done.output) == (1, "Error: (QuotaExceeded) No cores left.\n")


def test_a_bugs_traceback_is_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = failing(ZeroDivisionError("by nought"), monkeypatch).invoke(cli.main, ["up"])
    assert done.exit_code == 1
    assert "Traceback" not in done.output
    assert "This is a bug in amlops: ZeroDivisionError: by nought" in done.output
    (log,) = tmp_path.iterdir()
    assert str(log) in done.output
    assert "raise error" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0, "a traceback is for its owner only"


@pytest.mark.parametrize("error", [Failure("Connection refused"), OSError("no route")])
def test_where_the_sandbox_was_killed_that_is_why(
    error: Exception, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("ops.target._entered", {"sandbox"})
    monkeypatch.setenv("AMLOPS_SANDBOX_DIR", str(tmp_path / "killed"))
    done = failing(error, monkeypatch).invoke(cli.main, ["up"])
    assert done.exit_code == 1
    assert done.output.startswith("Error: The sandbox ended while this command ran. Run the same")


def test_an_interrupt_is_no_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    done = failing(KeyboardInterrupt(), monkeypatch).invoke(cli.main, ["up"])
    assert done.exit_code == 1
    assert "Aborted!" in done.output


def test_a_preview_says_when_nothing_would_change(monkeypatch: pytest.MonkeyPatch) -> None:
    from ops import stacks

    for name in ("stacks.check_settings", "commands.infrastructure.enter", "recovery.recover"):
        monkeypatch.setattr(f"ops.{name}", lambda _: None)
    monkeypatch.setattr(stacks, "open_stack", lambda *_, **__: None)
    monkeypatch.setattr(stacks, "preview", lambda *_: None)
    done = CliRunner().invoke(cli.main, ["preview", "dev"])
    assert (done.exit_code, done.stdout) == (0, "nothing would change\n")


def test_where_input_is_closed_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def up() -> None:
        options.answer(lambda: click.confirm("Destroy all?", err=True), "--yes")

    monkeypatch.setattr(cli.Commands, "get_command", lambda *_: up)
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(Failure, match=r"Nobody answered.* say: --yes"):
        cli.main(["up"], standalone_mode=False)

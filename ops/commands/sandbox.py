"""`amlops sandbox`: Azure on this machine, started, looked into, stopped."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ops import options
from ops.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.directory import Directory

Command = TypeVar("Command", bound=Callable[..., Any])
SHOWN = 64 * 1024
"""Bytes below which a folder is no line of `status`."""


def _place(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Directory:
    from sandbox.directory import Directory, default_directory

    return Directory(value) if value else default_directory()


def directory(command: Command) -> Command:
    """--dir: which sandbox."""
    return click.option(
        "--dir",
        "directory",
        metavar="D",
        callback=_place,
        help="The sandbox's directory. Default: AMLOPS_SANDBOX_DIR, else .sandbox in the checkout.",
    )(command)


@contextmanager
def _one_message() -> Iterator[None]:
    """Turn what the sandbox refuses into one line."""
    from sandbox.supervisor.launch import SandboxError

    try:
        yield
    except SandboxError as error:
        raise Failure(str(error)) from None
    except OSError as error:
        raise Failure(f"{error.filename or 'The sandbox'}: {error.strerror or error}") from None


def ensure_running(directory: Directory | None = None) -> dict[str, str]:
    """Start the sandbox unless it runs, and again where the checkout has newer code; the
    environment that its clients need.
    """
    from sandbox.directory import default_directory
    from sandbox.environment import client_environment
    from sandbox.supervisor import renewal

    directory = directory or default_directory()
    with _one_message():
        renewal.start(directory, _say)
        return client_environment(directory)


def runs() -> bool:
    """Whether the sandbox is there."""
    from sandbox.directory import default_directory
    from sandbox.supervisor import launch

    return launch.running(default_directory())


def _say(text: str) -> None:
    click.echo(text, err=True)


def outside() -> dict[str, str]:
    """This process's environment with the person's own proxy and certificates: for what installs
    packages, which the sandbox's gateway lets nobody do.
    """
    from sandbox.environment import without_sandbox

    return without_sandbox(os.environ)


@click.group()
def sandbox() -> None:
    """Azure on this machine: start, stop, look inside. Needs no account and no network."""


@sandbox.command()
@directory
def start(directory: Directory) -> None:
    """Start it, or find it running; returns when ARM answers. MLflow follows in the background."""
    from sandbox.supervisor import launch, renewal

    with _one_message():
        already = launch.running(directory)
        state = renewal.start(directory, _say)
    verb = "already runs" if already else "runs"
    click.echo(
        f"The sandbox {verb} in {directory}, its gateway on port {state['ports']['gateway']}. "
        "Next: amlops sandbox run -- CMD"
    )


@sandbox.command()
@directory
def stop(directory: Directory) -> None:
    """Stop every process of it. What it holds stays on disk."""
    from sandbox.supervisor import launch

    with _one_message():
        stopped = launch.stop(directory)
    click.echo(f"The sandbox in {directory} {'is stopped' if stopped else 'did not run'}.")


@sandbox.command()
@directory
@options.output
def status(directory: Directory, output: str) -> None:
    """Show each service with its memory, the disk in use, the jobs and deployments that run."""
    from ops import screen
    from sandbox.supervisor import report

    with _one_message():
        found = report.report(directory)
    if output == "json":
        screen.result(found, output)
        return
    state = "answers" if found["ready"] else "starts" if found["running"] else "is stopped"
    click.echo(f"The sandbox in {directory} {state}.")
    rows = [
        (name, one["state"], one["pid"], _bytes(one["memory"]), one["restarts"])
        for name, one in found["services"].items()
    ]
    if rows:
        screen.result(
            None,
            output,
            screen.table(("service", "state", "pid", "memory", "restarts"), rows),
        )
    units = [(name, one["pid"], _bytes(one["memory"])) for name, one in found["units"].items()]
    if units:
        screen.result(None, output, screen.table(("job or deployment", "pid", "memory"), units))
    disk = [(name, _bytes(size)) for name, size in found["disk"].items() if size >= SHOWN]
    screen.result(None, output, screen.table(("on disk", "size"), disk))


@sandbox.command()
@directory
def env(directory: Directory) -> None:
    """Print the client's environment as `export K=V` lines, for eval. Holds a secret."""
    for name, value in ensure_running(directory).items():
        click.echo(f"export {name}={shlex.quote(value)}")


@sandbox.command(context_settings={"ignore_unknown_options": True})
@directory
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(directory: Directory, command: Sequence[str]) -> None:
    """Run a command as a client of the sandbox: amlops sandbox run -- pulumi preview -s dev."""
    environment = {**os.environ, **ensure_running(directory)}
    program = shutil.which(command[0], path=environment["PATH"])
    if program is None:
        raise Failure(f"{command[0]}: command not found")
    os.execve(program, list(command), environment)  # noqa: S606 - no shell wanted


@sandbox.command()
@directory
@click.argument("identifier", metavar="[ID]", required=False)
@click.option("--name", metavar="NAME", help="What people call it; a new one is made by it.")
@options.output
def subscription(
    directory: Directory, identifier: str | None, name: str | None, output: str
) -> None:
    """Make another subscription, as that of a hub, or one that a stack file names; else list them.

    A command works in it with AZURE_SUBSCRIPTION_ID=ID before it.
    """
    from ops import screen
    from sandbox.identity import Identity
    from sandbox.subscriptions import Subscriptions

    ensure_running(directory)
    there = Subscriptions(directory, Identity.open(directory).subscription_id)
    if identifier or name:
        try:
            there.make(name or there.name(str(identifier)) or str(identifier), identifier)
        except ValueError as error:
            raise Failure(f"{error}.") from None
    found = there.all()
    screen.result(
        [{"id": one, "name": called} for one, called in found.items()],
        output,
        screen.table(("subscription", "name"), list(found.items())),
    )


@sandbox.command()
@directory
@click.argument("service", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on as the log grows, until Ctrl-C.")
@click.option("-n", "--lines", default=50, show_default=True, help="How many of the last lines.")
def logs(directory: Directory, service: str | None, follow: bool, lines: int) -> None:
    """Print a service's log: azure, azurite, mlflow, supervisor. Default: all of them."""
    found = sorted(path.stem for path in directory.logs.glob("*.log"))
    if not found:
        raise Failure(f"There is no log in {directory.logs}; has this sandbox ever been started?")
    if service is not None and service not in found:
        raise Failure(f"There is no service '{service}'; there are {', '.join(found)}.")
    files: list[Path] = [directory.log(name) for name in ([service] if service else found)]
    arguments = ["tail", "-n", str(lines), *(["-F"] if follow else []), *map(str, files)]
    try:
        code = subprocess.run(arguments, check=False).returncode
    except KeyboardInterrupt:
        code = 0
    raise SystemExit(code)


@sandbox.command()
@directory
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(directory: Directory, yes: bool) -> None:
    """Stop it and remove all it holds: resources, blobs, models, Pulumi's state."""
    from sandbox.supervisor import launch

    if not directory.path.exists():
        click.echo(f"There is no sandbox in {directory}.")
        return
    question = f"Remove everything in {directory}?"
    if not yes and not options.answer(lambda: click.confirm(question, err=True), "--yes"):
        raise Failure("Nothing was removed.")
    with _one_message():
        launch.reset(directory)
    click.echo(f"The sandbox in {directory} is removed.")


@sandbox.command()
@directory
def gc(directory: Directory) -> None:
    """Remove environments that no job or deployment uses, and old logs."""
    from sandbox.supervisor.garbage import collect

    with _one_message():
        removed = collect(directory)
    for path, size in removed:
        click.echo(f"removed {path} ({_bytes(size)})")
    click.echo(f"{_bytes(sum(size for _, size in removed))} are free again.")


def _bytes(size: int | None) -> str:
    if size is None:
        return ""
    return f"{size / 2**20:.1f} MB" if size < 2**30 else f"{size / 2**30:.1f} GB"

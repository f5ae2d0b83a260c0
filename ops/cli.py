"""The entry of `amlops`: commands are imported only when they are called, so help is quick."""

from __future__ import annotations

import sys
from importlib import import_module
from io import StringIO

import click

COMMANDS = {
    "init": "ops.commands.init:init",
    "login": "ops.commands.login:login",
    "whoami": "ops.commands.login:whoami",
    "bootstrap": "ops.commands.bootstrap:bootstrap",
    "up": "ops.commands.infrastructure:up",
    "preview": "ops.commands.infrastructure:preview",
    "refresh": "ops.commands.infrastructure:refresh",
    "down": "ops.commands.infrastructure:down",
    "outputs": "ops.commands.infrastructure:outputs",
    "config": "ops.commands.config:config",
    "doctor": "ops.commands.doctor:doctor",
    "policy": "ops.commands.policies:policy",
    "drift": "ops.commands.drift:drift",
    "train": "ops.commands.training:train",
    "jobs": "ops.commands.training:jobs",
    "models": "ops.commands.models:models",
    "deploy": "ops.commands.serving:deploy",
    "score": "ops.commands.serving:score",
    "promote": "ops.commands.promotion:promote",
    "secrets": "ops.commands.secrets:secrets",
    "teardown": "ops.commands.teardown:teardown",
    "environments": "ops.commands.expiry:environments",
    "expire": "ops.commands.expiry:expire",
    "sandbox": "ops.commands.sandbox:sandbox",
}
HELP = {
    "init": "Set up a fork for a workload of its own.",
    "login": "Log in where that is needed, and tell where one is then.",
    "whoami": "Tell where one stands: subscription, principal, roles, backend.",
    "bootstrap": "Make the backend that a team shares: state in an account, secrets by a key.",
    "up": "Provision an environment, or bring it up to date.",
    "preview": "Show what `up` would change, and what the policies say.",
    "refresh": "Compare what was deployed with what is there.",
    "down": "Destroy an environment's resources; `up` makes them anew.",
    "outputs": "Print what an environment consists of.",
    "config": "Look at stack files, compare them, make new ones.",
    "doctor": "Tell what would keep `up` from succeeding, and what mends it.",
    "policy": "List the policies, explain one, check an environment.",
    "drift": "Show where an environment is no longer as its stack made it.",
    "train": "Submit a job, follow its log, print its metrics.",
    "jobs": "List, show, cancel jobs and print their logs.",
    "models": "Register, list and show models.",
    "deploy": "Deploy a model beside the live one, try it, switch to it.",
    "score": "Send a request to an endpoint.",
    "promote": "Move a model to the next environment if it passes the gate.",
    "secrets": "Put secrets into an environment's vault, see which are missing.",
    "teardown": "Delete an environment for good, and prove that nothing is left.",
    "environments": "List what environments there are, and when they expire.",
    "expire": "Remove the short-lived environments whose time is over.",
    "sandbox": "Azure on this machine: start, stop, look inside.",
}


class Commands(click.Group):
    """Knows the names and one line of help each; the rest is imported on demand."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Whatever fails ends as one message; a bug's traceback goes to a file."""
        if sys.stdin is None:  # Closed by whoever started the command: nobody answers.
            sys.stdin = StringIO()
        try:
            return super().invoke(ctx)
        except (click.UsageError, click.exceptions.Exit, click.Abort, KeyboardInterrupt):
            raise
        except Exception as error:
            from ops.failure import unforeseen
            from ops.target import lost

            if isinstance(error, click.ClickException):
                raise lost() or error from None
            raise lost() or unforeseen(error) from None

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(HELP.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="amlops")
def main() -> None:
    """Azure Machine Learning platforms: provision, train, deploy, promote, tear down.

    Everything runs in the sandbox on this machine unless '--target azure' says otherwise.
    """

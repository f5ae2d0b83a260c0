"""Pulumi stacks through the Automation API: the same program as plain `pulumi up -s ENV`."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pulumi import automation
from pulumi.automation.events import EngineEvent

from ops import encryption, locks, programs, stack_files, state_files
from ops.failure import Failure, NotProvisioned, in_a_file
from ops.interruption import finished
from ops.target import ROOT

ROOT_TYPE = "pulumi:pulumi:Stack"
GROUP = "azure-native:resources:ResourceGroup"
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - what stands for one
"""How Pulumi writes a secret down: a map with this value at this key, and a ciphertext."""
_SAYS_NOTHING = ("update failed", "preview failed", "destroy failed", "occurred:")
_NOT_STARTED = re.compile(r'policy pack ".*" failed to start: .*exit status \d+$')
"""What the engine says after the pack itself has said why."""
_CRASHED = "Program failed with an unhandled exception:"
_MANDATORY = re.compile(
    r"\[mandatory\](?: \[severity: \w+\])?\s+(?P<rule>\S+)\s+\(\S+: (?P<resource>\S+)\)"
)
Watch = Callable[[EngineEvent], None]


class _Workspace(automation.LocalWorkspace):
    """The SDK's, without the two commands by which it asks for outputs after every update."""

    def stack_outputs(self, stack_name: str) -> automation.OutputMap:  # noqa: ARG002
        """None: `outputs_in` reads them out of the state."""
        return {}


def check_settings(environment: str) -> None:
    """Raises `Failure` with what is wrong in the stack file, before anything is planned."""
    settings(environment)


def settings(environment: str) -> dict[str, Any]:
    """What the program makes of the stack file, defaults included. Raises `Failure`."""
    if not stack_files.path(environment).exists():
        raise stack_files.missing(environment)
    found: dict[str, Any] = json.loads(programs.ask("infra.settings", environment))
    return found


def open_stack(environment: str, *, create: bool) -> automation.Stack:
    """The stack, made when `create` and not there. Raises `Failure` when it does not exist."""
    need_pulumi()
    state_files.mend(environment)
    opening = automation.Stack.create_or_select if create else automation.Stack.select
    opts = encryption.options(environment, os.environ)
    opts.work_dir = str(ROOT)
    opts.pulumi_command = _pulumi()
    try:
        with encryption.unwritten(environment, os.environ):
            return opening(environment, _Workspace(**vars(opts)))
    except automation.StackNotFoundError:
        if environment not in stack_files.names():
            raise stack_files.missing(environment) from None
        raise NotProvisioned(
            f"'{environment}' is not provisioned here. Provision it with: amlops up {environment}"
        ) from None
    except automation.CommandError as error:
        raise failure_of(error) from None


@cache
def _pulumi() -> automation.PulumiCommand:
    """Asks Pulumi for its version when it is made: once in a command will do."""
    return automation.PulumiCommand()


def need_pulumi() -> None:
    """Raises `Failure` where there is no Pulumi."""
    if shutil.which("pulumi") is None:
        raise Failure(
            "There is no 'pulumi' on PATH. Set-up puts one into .tools/bin, which the sandbox "
            "finds: run 'python3 -m tools.setup'. For '--target azure' install Pulumi >= 3.220."
        )


def up(
    stack: automation.Stack, policies: Path | None, watch: Watch | None = None
) -> dict[str, Any]:
    """Update the stack; returns its outputs."""
    packs = [str(policies)] if policies else None
    try:
        finished(
            lambda: stack.up(
                policy_packs=packs, on_event=watch, suppress_outputs=True, show_secrets=False
            )
        )
    except automation.CommandError as error:
        raise failure_of(error) from None
    return outputs_in(resources(stack))


def preview(stack: automation.Stack, policies: Path | None, watch: Watch | None = None) -> None:
    packs = [str(policies)] if policies else None
    try:
        finished(lambda: stack.preview(policy_packs=packs, on_event=watch, diff=True))
    except automation.CommandError as error:
        raise failure_of(error) from None


def down(stack: automation.Stack, watch: Watch | None = None) -> None:
    try:
        finished(lambda: stack.destroy(on_event=watch, show_secrets=False))
    except automation.CommandError as error:
        raise failure_of(error) from None


def refresh(stack: automation.Stack, watch: Watch | None = None) -> None:
    """Compare the state with what is there, and remember what is there."""
    try:
        finished(lambda: stack.refresh(on_event=watch, show_secrets=False))
    except automation.CommandError as error:
        raise failure_of(error) from None


def remove(stack: automation.Stack) -> None:
    """Forget the stack; its file in `stacks/` stays."""
    stack.workspace.remove_stack(stack.name, preserve_config=True)


def resources(stack: automation.Stack) -> list[dict[str, Any]]:
    """What the stack's state holds, as Pulumi writes it down."""
    state = stack.export_stack().deployment or {}
    return list(state.get("resources") or [])


def names() -> list[str]:
    """The stacks that the backend knows."""
    place = automation.LocalWorkspace(work_dir=str(ROOT), pulumi_command=_pulumi())
    return [item.name for item in place.list_stacks()]


def outputs(environment: str) -> dict[str, Any]:
    """What the program says of the environment. Raises `Failure` when it is not provisioned."""
    found = outputs_in(resources(open_stack(environment, create=False)))
    if "workspace" not in found and "assetRegistry" not in found:
        raise NotProvisioned(
            f"'{environment}' is not provisioned completely. Run: amlops up {environment}"
        )
    return found


def outputs_in(state: list[dict[str, Any]]) -> dict[str, Any]:
    """What the program has said last, by what the state holds; a secret is not told."""
    root = next((resource for resource in state if resource["type"] == ROOT_TYPE), {})
    return {key: _without_secrets(value) for key, value in (root.get("outputs") or {}).items()}


def subscription_in(state: list[dict[str, Any]]) -> str | None:
    """Where the stack stands: by its outputs, or by its group where an update was cut short; None
    for one that holds nothing.
    """
    told = outputs_in(state).get("subscriptionId")
    groups = (str(item["id"]) for item in state if item["type"] == GROUP and item.get("id"))
    return str(told) if told else next((group.split("/")[2] for group in groups), None)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get(_SIGNATURE) == _SECRET:
        return "[secret]"
    return {key: _without_secrets(item) for key, item in value.items()}


def failure_of(error: Exception) -> Failure:
    """The engine's diagnostics, without its progress lines."""
    locked = locks.failure(str(error))
    if locked:
        return locked
    lines = [line.strip().removeprefix("stderr: ") for line in str(error).splitlines()]
    # Diagnostics and policies; other lines repeat them in the progress.
    told = [line.removeprefix("error:").strip() for line in lines if line.startswith("error:")]
    told += [line.removeprefix("* ") for line in lines if line.startswith("* ")]
    told += _violated(lines)
    if _CRASHED in told:
        told[told.index(_CRASHED)] = _crash(str(error))
    said = [line for line in dict.fromkeys(told) if not says_nothing(line)]
    return Failure("\n".join(said) or str(error))


def _crash(told: str) -> str:
    """The program's exception, by the last line of its traceback."""
    trace = re.split(r"\n(?:error|warning): ", told.partition(_CRASHED)[2])[0].strip()
    last = trace.rpartition("\n")[2].strip() or "it was ended"
    return f"The program in infra/ failed: {last}\nThe traceback is in {in_a_file(told)}."


def says_nothing(diagnostic: str) -> bool:
    """Whether it only repeats that something failed."""
    return diagnostic.endswith(_SAYS_NOTHING) or bool(_NOT_STARTED.match(diagnostic))


def _violated(lines: list[str]) -> Iterator[str]:
    """The mandatory policies that were violated: policy, resource, what was found, how to mend."""
    for place, line in enumerate(lines):
        found = _MANDATORY.search(line)
        if found:
            about = f"{found['resource']}: "
            told = (text for text in lines[place + 1 : place + 4] if text.startswith(about))
            yield f"mandatory policy {found['rule']}: {next(told, found['resource'])}"

"""Removes short-lived environments when their time is over, each as `amlops teardown` does.

It starts from what is in Azure and in Pulumi's backend, so that it works from a fresh checkout,
takes up what a killed update or a killed removal has left, and removes each in the subscription
that it stands in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ops import recovery, stack_files, stacks
from ops.environments import Environment, Inventory, written
from ops.failure import Failure, unforeseen
from ops.platform import Platform
from ops.screen import note
from ops.target import Target
from ops.teardown import WORKSPACES, Teardown, left_over, protected_until

TOLD = ("environment", "workload", "group", "expires", "subscription")
"""What of an environment is told again of its removal."""


@dataclass(frozen=True)
class Outcome:
    """What became of one environment: due (nothing was done), removed, or failed and why. `kept`
    is what Azure keeps of it for its days, since it is protected against purge.
    """

    environment: Environment
    result: str
    error: str | None = None
    kept: tuple[str, ...] = ()

    def data(self) -> dict[str, Any]:
        found = self.environment.data()
        told = {key: found[key] for key in TOLD}
        return {**told, "result": self.result, "error": self.error, "kept": list(self.kept)}


def chosen(seen: Inventory, name: str | None, *, now: bool) -> list[Environment]:
    """Those to remove: what is due, of `name` only where given; with `now` it need not be due.

    Raises `Failure` for a name of an environment that stays.
    """
    if name is None:
        return seen.due()
    named = seen.named(name)
    if any(item.expires is None for item in named):
        raise Failure(
            f"'{name}' has no 'expires': it stays. 'amlops teardown {name}' ends it for good."
        )
    return named if now else [item for item in named if item in seen.due()]


def remove(target: Target, environment: Environment) -> Outcome:
    """Group, what Azure would keep of it, stack and stack file. Raises nothing: one that cannot be
    removed must not keep the others.
    """
    stands = environment.elsewhere(target.subscription)
    where = f", in subscription {stands}" if stands else ""
    note(
        f"removing [bold]{environment.name}[/], whose time ends {written(environment.expires)}"
        f"{where}"
    )
    try:
        with target.within(environment.subscription or target.subscription) as there:
            kept = _end(there, environment)
    except Exception as error:  # whatever it is, the next one has its turn
        failure = error if isinstance(error, Failure) else unforeseen(error)
        note(f"[red]✗[/] {environment.name}: {failure.message}")
        return Outcome(environment, "failed", failure.message)
    return Outcome(environment, "removed", kept=tuple(kept))


def _end(target: Target, environment: Environment) -> list[str]:
    """What is kept of it."""
    if environment.unseen:
        raise Failure(
            f"{environment.unseen}. Give the login its roles there, or run the same command with "
            "one that has them."
        )
    kept: list[str] = []
    platform = _platform(target, environment)
    if platform is not None:
        work = Teardown(platform)
        inventory = work.inventory()
        platform.outputs.setdefault(
            "workspace", {"name": next(iter(inventory.named(WORKSPACES)), "")}
        )
        proofs = work.run(inventory)
        left, kept = left_over(proofs), protected_until(proofs)
        if left:
            raise Failure(f"still there: {', '.join(left)}")
    elif environment.stack:
        stack = stacks.open_stack(environment.name, create=False)
        stacks.down(stack)
        stacks.remove(stack)
    # Pulumi writes one while it destroys, where there was none.
    stack_files.path(environment.name).unlink(missing_ok=True)
    return kept


def _platform(target: Target, environment: Environment) -> Platform | None:
    """What there is of it; None where neither a group nor a state knows of one.

    Raises `Failure` where the stack of this name has another group: it is somebody else's.
    """
    if environment.stack:
        stack = stacks.open_stack(environment.name, create=False)
        recovery.recover(stack)
        found = Platform.partly(target, stack)
        if found and environment.group and found.group.lower() != environment.group.lower():
            raise Failure(
                f"its stack has the group {found.group}, not {environment.group}: look whose the "
                "latter is."
            )
        if found:
            return found
    if environment.group is None:
        return None
    outputs = {"subscriptionId": target.subscription, "resourceGroup": environment.group}
    return Platform(target, environment.name, outputs)

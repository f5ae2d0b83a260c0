"""`amlops teardown`."""

from __future__ import annotations

import click

from ops import options, screen, stack_files
from ops.failure import Failure
from ops.target import enter


@click.command()
@options.placed
@click.option("--yes-delete", metavar="GROUP", help="The resource group's name, for pipelines.")
def teardown(environment: str, target: str, output: str, yes_delete: str | None) -> None:
    """Delete ENV for good: the whole resource group, what Azure soft-deletes, the stack.

    Lists what will go and asks for the resource group's name to be typed. Ends by looking for
    what is left, and fails if there is anything.
    """
    from ops.platform import Platform
    from ops.recovery import recover
    from ops.stacks import open_stack
    from ops.teardown import Teardown, forget_short_lived, left_over, protected_until

    screen.header(target, environment, "teardown")
    place = enter(target)
    stack = open_stack(environment, create=False)
    recover(stack)
    platform = Platform.partly(place, stack)
    if platform is None:
        raise Failure(
            f"'{environment}' has no resource group. 'amlops down {environment}' destroys what "
            "there is of it."
        )
    work = Teardown(platform)
    inventory = work.inventory()
    rows = [(kind, name) for kind, name in inventory.resources]
    screen.show(screen.table(("type", "will be deleted"), rows, title=inventory.group))
    typed = yes_delete or options.answer(
        lambda: click.prompt(f"Type the group's name ({inventory.group})", err=True),
        f"--yes-delete {inventory.group}",
    )
    if typed != inventory.group:
        raise Failure(f"'{typed}' is not '{inventory.group}': nothing was deleted.")
    proofs = work.run(inventory)
    found = [(proof.what, ", ".join(proof.found) or "nothing left") for proof in proofs]
    data = {proof.what: proof.found for proof in proofs}
    screen.result(data, output, screen.table(("looked for", "found"), found))
    left = left_over(proofs)
    if left:
        raise Failure(f"Still there: {', '.join(left)}. Run the same command again.")
    if forget_short_lived(environment):
        screen.note(f"{stack_files.shown(environment)} is removed: {environment} was short-lived")
    screen.note(
        "[green]nothing left[/]"
        + (" but what is protected; the next 'up' recovers it" if protected_until(proofs) else "")
    )

"""Run by Pulumi: `pulumi preview --policy-pack policies`. Serves the rules until Pulumi ends it."""

import os
import sys
from pathlib import Path

# Pulumi runs this folder as a program; its modules are the package `policies` of the folder above.
sys.path.insert(0, str(Path(__file__).parent.parent))

from pulumi_policy import PolicyPack

from policies.pack import NAME, policies
from policies.parameters import PolicyError


def serve() -> None:
    """Raises SystemExit with the one thing that is wrong, written as the engine writes errors."""
    stack = os.environ.get("PULUMI_STACK")
    if not stack:
        # Levels hang on it: without it production would pass as any other stack.
        sys.exit(
            "error: the policies need PULUMI_STACK, which Pulumi sets for a preview or an update."
        )
    try:
        found = policies(stack)
    except PolicyError as error:
        sys.exit(f"error: {error}")
    PolicyPack(name=NAME, policies=found)


serve()

"""What a stack would hold, without engine, provider or login: every resource with its inputs.

`python -m infra.inventory dev SUBSCRIPTION TENANT` prints a JSON list of `type`, `name`, `inputs`:
what one has to know to tell beforehand whether Azure would take it. What is known only once it is
deployed is null, and so is every secret.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pulumi
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks

from infra import shared
from infra.environment import Client, declare, names_of
from infra.names import Names
from infra.settings import RegistryStack, SettingsError, Stack, load


class Recorder(Mocks):
    """Stands where the engine would be: writes down what the program registers."""

    def __init__(self) -> None:
        self.resources: list[dict[str, Any]] = []

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if args.custom:
            self.resources.append(
                {"type": args.typ, "name": args.name, "inputs": _readable(args.inputs)}
            )
        return "", _answered(args.inputs)

    def call(self, _args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        return {}, []


def inventory(environment: str, settings: Stack, client: Client) -> list[dict[str, Any]]:
    """The resources that the settings ask for, in the order in which they are declared."""
    recorder = Recorder()
    # As a preview: what a provider would answer is unknown, and nothing that needs it runs.
    pulumi.runtime.set_mocks(recorder, project="amlops", stack=environment, preview=True)

    def program() -> None:
        if isinstance(settings, RegistryStack):
            names = Names(client.subscription_id, settings.workload, environment)
            today = datetime.now(UTC).date()
            shared.declare(settings, names, client.subscription_id, client.tenant_id, today)
            return
        names = names_of(settings, client.subscription_id, environment)
        declare(settings, names, client, read_secret=_no_secret)

    awaited: Callable[[Callable[[], None]], Callable[[], None]] = pulumi.runtime.test
    awaited(program)()
    return recorder.resources


def _no_secret(_vault: str, _name: str) -> str:
    """No value is needed to tell what it is for."""
    return ""


def _answered(inputs: dict[str, Any]) -> dict[str, Any]:
    """As Azure answers: the ids of identities, given as a list, are the keys of a map there."""
    identity = inputs.get("identity") or {}
    given = identity.get("userAssignedIdentities")
    if not isinstance(given, list):
        return inputs
    keys: dict[str, Any] = {str(item): {} for item in given}
    return {**inputs, "identity": {**identity, "userAssignedIdentities": keys}}


def _readable(value: Any) -> Any:
    if pulumi.runtime.rpc.is_rpc_secret(value):
        return None
    if isinstance(value, dict):
        return {key: _readable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_readable(item) for item in value]
    return value if isinstance(value, (str, int, float, bool)) else None


def main(arguments: list[str]) -> int:
    if len(arguments) != 3:
        print("usage: python -m infra.inventory ENVIRONMENT SUBSCRIPTION TENANT", file=sys.stderr)
        return 2
    environment, *client = arguments
    try:
        settings = load(environment)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(inventory(environment, settings, Client(*client)), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Run by Pulumi: `amlops up dev`, or `pulumi up -s dev`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# Pulumi runs this folder as a program; its modules are the package `infra` of the folder above.
sys.path.insert(0, str(Path(__file__).parent.parent))

import pulumi
from pulumi_azure_native import authorization

from infra import shared
from infra.asset_registry import check_regions
from infra.environment import Client, declare, names_of
from infra.existing import look_up
from infra.fixed import check_fixed
from infra.key_vault import AUDIENCE, Refuse, reader
from infra.names import Names
from infra.node_counts import node_counts
from infra.rest import asking
from infra.settings import (
    Fault,
    FaultsError,
    RegistryStack,
    Settings,
    SettingsError,
    check_environment,
    mistaken,
    parse,
)
from infra.soft_delete import vault_is_deleted
from infra.target import TargetError, check_backend, check_subscription


def run() -> None:
    """Check, declare, export; what is wrong with settings or target ends as one line."""
    stack = pulumi.get_stack()
    file = f"stacks/Pulumi.{stack}.yaml"
    data: object = None

    def refuse(faults: Sequence[Fault]) -> Exception:
        return _refused(mistaken(data, file, faults))

    try:
        target = check_backend(os.environ)
        environment = check_environment(stack, file)
        data = pulumi.Config().get_object("settings")
        settings = parse(data, file)
        login = authorization.get_client_config()
        check_subscription(target, settings.subscription, login.subscription_id, _is_there)
        client = Client(login.subscription_id, login.tenant_id)
        if isinstance(settings, RegistryStack):
            outputs = _registry(settings, environment, client)
        else:
            outputs = _environment(settings, environment, client, refuse)
    except FaultsError as error:
        raise refuse(error.found) from None
    except (SettingsError, TargetError) as error:
        raise _refused(error) from None
    for key, value in outputs.items():
        pulumi.export(key, value)


def _is_there(subscription: str) -> bool:
    get = asking(authorization.get_client_token().token)
    try:
        return get(f"/subscriptions/{subscription}", "2022-12-01") is not None
    except PermissionError:
        return True  # To those who have no role in it.


def _refused(error: Exception) -> pulumi.RunError:
    """Each line is a diagnostic of its own: who reads Pulumi's output finds them all by that."""
    *before, last = str(error).splitlines()
    for line in before:
        pulumi.log.error(line)
    return pulumi.RunError(last)


def _environment(
    settings: Settings, environment: str, client: Client, refuse: Refuse
) -> dict[str, Any]:
    names = names_of(settings, client.subscription_id, environment)
    get = asking(authorization.get_client_token().token)
    versioned_key = look_up(settings, client.subscription_id, get)
    check_fixed(settings, names, get)
    recover_vault = vault_is_deleted(
        client.subscription_id, settings.location, names.vault, get, pulumi.log.warn
    )
    return declare(
        settings,
        names,
        client,
        read_secret=reader(lambda: authorization.get_client_token(AUDIENCE).token),
        refuse=refuse,
        recover_vault=recover_vault,
        versioned_key=versioned_key,
        node_counts=node_counts(settings.kubernetes, names, get),
    )


def _registry(settings: RegistryStack, environment: str, client: Client) -> dict[str, Any]:
    names = Names(client.subscription_id, settings.workload, environment)
    identifier = (
        f"/subscriptions/{client.subscription_id}/resourceGroups/{names.resource_group}"
        f"/providers/Microsoft.MachineLearningServices/registries/{names.shared_registry}"
    )
    get = asking(authorization.get_client_token().token)
    check_regions(identifier, settings.everywhere, get, pulumi.log.warn)
    today = datetime.now(UTC).date()
    return shared.declare(settings, names, client.subscription_id, client.tenant_id, today)


run()

"""Connections of a workspace: what lies outside and has no datastore, above all databases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_azure_native import machinelearningservices

from infra.key_vault import Secrets
from infra.placement import Placement
from infra.settings import Connection, DatabaseConnection, DatabricksFilesConnection, table


@dataclass(frozen=True)
class ConnectionsArgs:
    placement: Placement
    tenant_id: pulumi.Input[str]
    workspace_name: pulumi.Input[str]
    identity_id: pulumi.Input[str]
    """Of the identity that jobs act as: the other side knows it by name."""
    identity_client_id: pulumi.Input[str]
    secrets: Secrets
    connections: Mapping[str, Connection]


class Connections(pulumi.ComponentResource):
    """Does not manage the other side: the database's users, the rights of identities in it.

    The service keeps what is secret in the workspace's vault. Properties have the service's own
    names: the SDK translates those of some variants of a connection and not those of others.
    """

    def __init__(
        self, name: str, args: ConnectionsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("amlops:infra:Connections", name, None, opts)
        self.connections = {
            key: machinelearningservices.WorkspaceConnection(
                f"{name}-{key}",
                connection_name=key,
                workspace_name=args.workspace_name,
                resource_group_name=args.placement.resource_group,
                properties={
                    "category": table("connection-kinds.yaml")[connection.kind]["category"],
                    "target": _target(connection),
                    "isSharedToAll": connection.shared,
                    "metadata": _metadata(connection),
                    **_log_in(connection, args),
                },
                opts=pulumi.ResourceOptions(parent=self),
            )
            for key, connection in args.connections.items()
        }
        self.register_outputs({"names": sorted(self.connections)})


def _target(connection: Connection) -> str:
    kind = table("connection-kinds.yaml")[connection.kind]
    if isinstance(connection, DatabaseConnection):
        return str(kind["target"]).format(
            server=connection.server,
            port=connection.port or kind["port"],
            database=connection.database,
        )
    if isinstance(connection, DatabricksFilesConnection):
        return str(kind["target"]).format(server=connection.server)
    return connection.target


def _metadata(connection: Connection) -> dict[str, str] | None:
    if isinstance(connection, DatabricksFilesConnection):
        return {"path": connection.path}
    return None


def _log_in(connection: Connection, args: ConnectionsArgs) -> dict[str, Any]:
    if connection.auth == "none":
        return {"authType": "None"}
    if connection.auth == "identity":
        return {
            "authType": "ManagedIdentity",
            "credentials": {
                "clientId": args.identity_client_id,
                "resourceId": args.identity_id,
            },
        }
    assert connection.secret
    value = args.secrets.value(connection.secret, connection.vault)
    match connection.auth:
        case "password":
            named = {"username": connection.user, "password": value}
            return {"authType": "UsernamePassword", "credentials": named}
        case "token":
            return {"authType": "PAT", "credentials": {"pat": value}}
        case "access_key":
            pair = {"accessKeyId": connection.user, "secretAccessKey": value}
            return {"authType": "AccessKey", "credentials": pair}
        case _:
            return {
                "authType": "ServicePrincipal",
                "credentials": {
                    "clientId": connection.client,
                    "clientSecret": value,
                    "tenantId": connection.tenant or args.tenant_id,
                },
            }

"""Which identity and which group may do what, each grant with its reason: least privilege."""

from __future__ import annotations

from functools import partial

import pulumi

from infra.foundation import Foundation
from infra.identities import Identities
from infra.registry import Registry
from infra.role_assignments import Grant
from infra.settings import Settings
from infra.storage import Account
from infra.workspace import Workspace


def _grant_to(
    who: str,
    principal: pulumi.Input[str],
    key: str,
    role: str,
    scope: pulumi.Input[str],
    why: str,
) -> Grant:
    """A grant to one of the environment's own identities."""
    return Grant(f"{who}-{key}", principal, "ServicePrincipal", role, scope, why)


def workspace_grants(
    foundation: Foundation, storage: Account, registry: Registry | None, identities: Identities
) -> list[Grant]:
    grant = partial(_grant_to, "workspace", identities.workspace.principal_id)

    grants = [
        grant(
            "storage",
            "Contributor",
            storage.account.id,
            "The workspace makes its own containers and file shares.",
        ),
        grant(
            "blobs",
            "Storage Blob Data Contributor",
            storage.account.id,
            "The workspace keeps code, logs, outputs and models in blobs.",
        ),
        grant(
            "files",
            "Storage File Data Privileged Contributor",
            storage.account.id,
            "The workspace keeps notebooks in a file share, without the account's key.",
        ),
        grant(
            "secrets",
            "Key Vault Administrator",
            foundation.vault.id,
            "The workspace keeps the secrets of its connections and endpoints in the vault.",
        ),
        grant(
            "insights",
            "Contributor",
            foundation.insights.id,
            "The workspace sends the telemetry of deployments to Application Insights.",
        ),
    ]
    if registry:
        grants.append(
            grant(
                "registry",
                "Contributor",
                registry.registry.id,
                "The workspace builds the images of environments in the registry.",
            )
        )
    return grants


def compute_grants(
    storage: Account, workspace: Workspace, registry: Registry | None, identities: Identities
) -> list[Grant]:
    grant = partial(_grant_to, "compute", identities.compute.principal_id)

    grants = [
        grant(
            "blobs",
            "Storage Blob Data Contributor",
            storage.account.id,
            "Jobs read their inputs and write their outputs and logs.",
        ),
        grant(
            "workspace",
            "AzureML Data Scientist",
            workspace.workspace.id,
            "Jobs log metrics to the workspace's MLflow and register models.",
        ),
    ]
    if registry:
        grants.append(
            grant("registry", "AcrPull", registry.registry.id, "Nodes pull the images of jobs.")
        )
    return grants


def endpoint_grants(
    storage: Account, registry: Registry | None, identities: Identities
) -> list[Grant]:
    grant = partial(_grant_to, "endpoint", identities.endpoint.principal_id)

    grants = [
        grant(
            "blobs",
            "Storage Blob Data Reader",
            storage.account.id,
            "Deployments fetch their model and scoring code.",
        )
    ]
    if registry:
        grants.append(
            grant("registry", "AcrPull", registry.registry.id, "Deployments pull their image.")
        )
    return grants


def access_grants(settings: Settings, foundation: Foundation) -> list[Grant]:
    return [
        Grant(
            f"access-{key}-{role.lower().replace(' ', '-')}",
            access.principal,
            access.type,
            role,
            foundation.group.id,
            f"`access.{key}` in the stack file.",
        )
        for key, access in settings.access.items()
        for role in access.roles
    ]
